"""Rejects as an operator works with them: listed, shown, repaired, replayed, once."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from mypy_boto3_kinesis import KinesisClient

from event_processor.model.event_record import event_id
from tests.eventually import eventually
from tests.system.processes import Emulator, Fleet, Processor, command
from tests.unit.samples import process, submission

FIX = """
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    print(json.dumps(event | {"cmdl": "unknown"} if event.get("cmdl") == "" else None))
"""


def events_of(kinesis: KinesisClient) -> list[dict[str, Any]]:
    """All events on the stream."""
    found = []
    for shard in kinesis.list_shards(StreamName="events")["Shards"]:
        where = kinesis.get_shard_iterator(
            StreamName="events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=where)
            found += [json.loads(record["Data"]) for record in answer["Records"]]
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                break
            where = answer["NextShardIterator"]
    return found


class Operator:
    """Types `event-processor rejects ...`."""

    def __init__(self, endpoint: str, **settings: str) -> None:
        self._settings = {"AWS_ENDPOINT_URL": endpoint, **settings}

    def types(self, *arguments: str, exit_code: int = 0) -> str:
        """What it printed, after it ended with that exit code."""
        done = command("event_processor", "rejects", *arguments, **self._settings)
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout

    def groups(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What `list` tells."""
        return {(group["reason"], group["pointer"]): group for group in json.loads(self.types("list", "--json"))}


@pytest.mark.parametrize("store", ["file", "sqs"])
def test_rejected_repaired_replayed(tmp_path: Path, store: str) -> None:
    """Repaired events get to the stream once, with the ids and sequences they always had; a second replay adds none."""
    fix = tmp_path / "fix.py"
    fix.write_text(FIX)
    cause = ["--reason", "empty", "--pointer", "/events/new_process/*/cmdl"]
    replay = ["replay", *cause, "--fix", f"{sys.executable} {fix}"]
    settings = {"REJECTS": store, "REJECTS_FILE": str(tmp_path / "rejects.ndjson")}
    mine = submission(events={"new_process": [process(), process(cmdl=""), process(), process(cmdl="")]})
    with Emulator(tmp_path) as aws:
        aws.provision()
        operator = Operator(aws.endpoint, **settings)
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(150, "--invalid-share", "0.5")
            aws.send(json.dumps(mine))
            fleet.audit("--allow-others")
            eventually(lambda: aws.depth() == (0, 0))
            assert processor.terminate() == 0
        before = events_of(aws.kinesis)

        groups = operator.groups()
        group = groups["empty", "/events/new_process/*/cmdl"]
        assert group["rejects"] >= 2
        assert f"{group['rejects']} " in operator.types("list")
        shown = json.loads(operator.types("show", group["example"]))
        assert shown["document"]["cmdl"] == ""
        assert shown["original"]

        assert f"would publish {group['rejects']} events" in operator.types(*replay, "--dry-run")
        assert len(events_of(aws.kinesis)) == len(before)
        assert f"published {group['rejects']} events" in operator.types(*replay)
        after = events_of(aws.kinesis)
        assert "published 0 events" in operator.types(*replay)
        assert len(events_of(aws.kinesis)) == len(after) == len(before) + group["rejects"]

        left = operator.groups()
        assert {key: found["rejects"] - found["replayed"] for key, found in left.items() if found["replayed"] == 0} == {
            key: found["rejects"] for key, found in groups.items() if found is not group
        }

    added = [event for event in after if event["event_id"] not in {event["event_id"] for event in before}]
    assert len({event["event_id"] for event in added}) == len(added) == group["rejects"]
    assert {event["event_data"]["cmdl"] for event in added} == {"unknown"}
    of_mine = [(e["event_id"], e["sequence"]) for e in added if e["submission_id"] == mine["submission_id"]]
    assert of_mine == [(event_id(mine["submission_id"], "new_process", number), number) for number in (1, 3)]


def test_a_whole_submission_repaired(tmp_path: Path) -> None:
    """A submission that was rejected as a whole is published as any, once its document is repaired."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        operator = Operator(aws.endpoint, REJECTS="sqs")
        with Processor(tmp_path, aws.endpoint, REJECTS="sqs") as processor:
            aws.send(json.dumps(submission(time_created="yesterday")))
            processor.wait_for("submissions_deleted_total", 1)
        operator.types("replay", exit_code=1)
        assert events_of(aws.kinesis) == []
        operator.types("replay", "--fix", "sed s/yesterday/2021-03-28T15:44:18/")
        assert sorted(event["sequence"] for event in events_of(aws.kinesis)) == [0, 1]
        assert operator.groups() == {}


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["list"], 2, "REJECTS: was 'log'"),
        (["list", "--file", "nowhere.ndjson"], 1, "nowhere.ndjson"),
        (["list", "--queue", "nowhere"], 1, "nowhere"),
        (["list", "--queue", "a", "--file", "b"], 2, "one of them"),
        (["show", "--queue", "submissions-rejects", "x"], 1, "no reject has the id x"),
        (["replay", "--queue", "submissions-rejects", "--since", "monday"], 2, "monday"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, arguments: list[str], exit_code: int, said: str) -> None:
    """A wrong store, a wrong id or a time that is none is one line that names it."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        done = command("event_processor", "rejects", *arguments, AWS_ENDPOINT_URL=aws.endpoint)

    assert done.returncode == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_deploy_does_not_reject_a_whole_queue(tmp_path: Path) -> None:
    """Too many rejects end receiving: alive, not ready, with the reason, the metric and one line; SIGTERM is clean."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        aws.send(*["nonsense{"] * 200)
        settings = {"REJECTS": "sqs", "REJECT_LIMIT_CONSECUTIVE": "20", "LOG_LEVEL": "INFO"}
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            [reason] = eventually(lambda: [reason for reason in processor.reasons() if "limit" in reason])
            assert "20 submissions in a row" in reason
            assert "restart" in reason
            eventually(lambda: aws.depth()[1] == 0)
            assert aws.depth()[0] > 100
            assert processor.get("/livez")[0] == 200
            assert processor.metric("reject_limit_reached") == 1
            [line] = processor.lines("reject limit reached, nothing more is received: mend the cause, then restart")
            assert line["level"] == "error"
            assert processor.terminate() == 0
