"""The whole path as processes: whatever happens to the inspector, verdicts are the oracle's and people are told."""

import json
import logging
import time
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.eventually import eventually
from tests.system.inspection import STREAM, TrackingPath
from tests.system.processes import Emulator
from tests.unit.channels.servers import serving

FAULTS = ("--refuse", "0.1", "--lose-answer", "0.03", "--seed", "4")
GENDER = ("page/Policy Type", "/properties/gender")


@pytest.mark.prove
def test_every_verdict_is_the_oracles(tmp_path: Path) -> None:
    """An inspector killed twice, with a store that fails and a split while it reads, rejects what is wrong, all of it.

    The release that broke a field is named to people, and in the list of rejects.
    """
    with Emulator(tmp_path, *FAULTS) as aws, serving() as slack:
        path = TrackingPath(tmp_path, aws, slack)
        with path.fleet(1000, 400) as fleet:
            with path.inspector() as first:
                first.wait_for("verdicts_total", 100)
            path.store.rename(tmp_path / "not-mounted")
            with path.inspector() as second:
                eventually(lambda: any("reject store" in reason for reason in second.reasons()), "the store to fail")
                (tmp_path / "not-mounted").rename(path.store)
                path.split()
                eventually(lambda: path.rejected().total() > 50, "rejects to be stored again")
            with path.inspector() as third:
                assert fleet.exit_code() == 0
                report = path.audit()
                eventually(lambda: slack.saying(*GENDER, "5.1.0"), "people to be told of the release")
                assert third.terminate() == 0
        expected, rejected = path.expected(), path.rejected()
        listed = json.loads(path.run("event_processor", "rejects", "list", "--json"))

    assert report["found"] == report["expected"] > 100
    assert rejected == expected
    assert [report["breakages"][0][name] for name in ("release", "subject", "pointer")] == ["5.1.0", *GENDER]
    assert [listed[0][name] for name in ("subject", "pointer")] == [*GENDER]
    assert [release["version"] for release in listed[0]["releases"]] == ["5.1.0"]


def test_people_hear_of_it_at_once(tmp_path: Path) -> None:
    """A wrong event on an idle stream is in Slack moments later (`--log-cli-level=INFO` shows when)."""
    with Emulator(tmp_path) as aws, serving() as slack:
        path = TrackingPath(tmp_path, aws, slack)
        seconds = []
        with path.inspector() as inspector:
            inspector.wait_until_ready()
            for title in ("One", "Two", "Three"):
                data = json.dumps({"type": "page", "name": title}).encode()
                aws.kinesis.put_record(StreamName=STREAM, PartitionKey=title, Data=data)
                put_at = time.monotonic()
                eventually(partial(slack.saying, f"page/{title}", "no contract"), f"a notice of {title}")
                seconds.append(slack.messages[-1][0] - put_at)
    logging.getLogger(__name__).info("seconds from the stream to Slack: %s", [round(each, 2) for each in seconds])

    assert max(seconds) < 30


@pytest.mark.prove
@pytest.mark.parametrize("rejects", ["file", "lake"])
def test_kills_at_any_moment_lose_nothing(tmp_path: Path, rejects: str) -> None:
    """An inspector killed again and again, at moments of chance while shards split, judges every record at least once.

    Nothing is rejected that is valid, nothing missed, and each reject has the faults of the oracle and one id.
    """
    rng = Random(7)
    with Emulator(tmp_path, *FAULTS) as aws, serving() as slack:
        path = TrackingPath(tmp_path, aws, slack, rejects)
        with path.fleet(4500, 300) as fleet:
            for kill in range(8):
                with path.inspector() as inspector:
                    time.sleep(rng.uniform(0, 2))  # the moment of the kill is the point
                    assert inspector.is_running
                if kill % 4 == 0:
                    path.split()
            with path.inspector() as last:
                assert fleet.exit_code(120) == 0
                report = path.audit()
                assert last.terminate() == 0
        expected, rejected = path.expected(), path.rejected()

    assert report["found"] == report["expected"] > 500
    assert rejected == expected
