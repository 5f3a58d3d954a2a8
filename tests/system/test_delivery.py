"""Fleet, processor and audit as real processes: what is sent arrives, whatever happens to the processor."""

import json
import signal
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.system.processes import Emulator, Fleet, Processor

SLOW = ("--latency-ms", "10", "--refuse", "0.2", "--seed", "3")  # so that there is a middle to be stopped in
SMALL = {"MAX_IN_FLIGHT": "30"}


def is_empty(aws: Emulator) -> bool:
    """Whether the queue of submissions has nothing left, in nobody's hands either."""
    return aws.depth() == (0, 0)


def test_everything_arrives_under_faults(tmp_path: Path) -> None:
    """With refusals, lost answers and failing calls the audit passes, and metrics and rejects tell the same story."""
    faults = ("--refuse", "0.1", "--lose-answer", "0.05", "--fail-call", "0.05", "--seed", "7")
    rejects_file = tmp_path / "rejects.ndjson"
    with Emulator(tmp_path, *faults) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, REJECTS="file", REJECTS_FILE=str(rejects_file)) as processor:
            fleet = Fleet(tmp_path, aws.endpoint)
            sent = fleet.send(200, "--invalid-share", "0.3")
            report = fleet.audit()
            eventually(lambda: is_empty(aws))
            refused, published = processor.metric("records_refused_total"), processor.metric("events_published_total")
            assert processor.metric("order_violations_total") == 0
            rejects = [json.loads(line) for line in rejects_file.read_text().splitlines()]
            assert processor.metric("rejects_total") == len(rejects)
            assert processor.terminate() == 0

    assert report["expected"] == report["found"] == sent["events_expected"] > 0
    assert refused > 0
    assert published >= sent["events_expected"]
    assert len({reject["message_id"] for reject in rejects}) >= sent["submissions_to_reject"] > 0


def test_sigterm_in_the_middle(tmp_path: Path) -> None:
    """SIGTERM under load ends with exit code 0 and nothing left hidden; a second processor finishes the rest."""
    with Emulator(tmp_path, *SLOW) as aws:
        aws.provision()
        fleet = Fleet(tmp_path, aws.endpoint)
        fleet.send(300)
        with Processor(tmp_path, aws.endpoint, **SMALL) as first:
            first.wait_for("submissions_deleted_total", 20)
            assert first.terminate() == 0
        visible, hidden = aws.depth()
        assert hidden == 0
        assert 0 < visible < 300
        with Processor(tmp_path, aws.endpoint):
            fleet.audit()
            eventually(lambda: is_empty(aws))


def test_sigterm_with_the_stream_gone(tmp_path: Path) -> None:
    """What cannot be finished is given back within the grace period, visible at once, and the exit code is 0."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, SHUTDOWN_GRACE="5", VISIBILITY_TIMEOUT="60").wait_until_ready() as first:
            aws.kinesis.delete_stream(StreamName="events")
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(25, "--spoil", "0")
            eventually(lambda: aws.depth() == (0, 25))
            assert first.terminate() == 0
            assert first.lines("stopped", released=25)
        assert aws.depth() == (25, 0)
        aws.provision()
        with Processor(tmp_path, aws.endpoint):
            fleet.audit()


def test_sigterm_with_everything_gone(tmp_path: Path) -> None:
    """When messages can be neither finished nor given back, the exit code is 1 and the log says how many."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(
            tmp_path, aws.endpoint, SHUTDOWN_GRACE="2", VISIBILITY_TIMEOUT="300"
        ).wait_until_ready() as processor:
            aws.kinesis.delete_stream(StreamName="events")
            Fleet(tmp_path, aws.endpoint).send(5, "--spoil", "0")
            eventually(lambda: aws.depth() == (0, 5))
            aws.kill()
            assert processor.terminate() == 1
            [line] = [line for line in map(json.loads, processor.errors.splitlines()) if "unreleased" in line]
            assert (line["unreleased"], line["level"]) == (5, "error")


def test_second_signal_ends_at_once(tmp_path: Path) -> None:
    """A second signal does not wait for the grace period; it ends as signals do, with 128 plus its number."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, SHUTDOWN_GRACE="60").wait_until_ready() as processor:
            aws.kinesis.delete_stream(StreamName="events")
            Fleet(tmp_path, aws.endpoint).send(5, "--spoil", "0")
            eventually(lambda: aws.depth() == (0, 5))
            processor.signal(signal.SIGTERM)
            processor.written("stopping")
            with pytest.raises(AssertionError, match="still running"):
                processor.exit_code(seconds=1)
            processor.signal(signal.SIGINT)
            assert processor.exit_code() == 128 + signal.SIGINT


def test_a_doubled_signal_is_one(tmp_path: Path) -> None:
    """A signal sent to the process and to its group arrives twice and still stops honestly."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint).wait_until_ready() as processor:
            processor.signal(signal.SIGINT)
            processor.signal(signal.SIGTERM)
            assert processor.exit_code() == 0


def test_killed_again_and_again(tmp_path: Path) -> None:
    """Killed after its first receive, after its first put and after its first deletes, it leaves nothing undone."""
    with Emulator(tmp_path, *SLOW) as aws:
        aws.provision()
        fleet = Fleet(tmp_path, aws.endpoint)
        fleet.send(150)
        for metric in ("submissions_received_total", "events_published_total", "submissions_deleted_total"):
            with Processor(tmp_path, aws.endpoint, **SMALL) as victim:
                victim.wait_for(metric, 1)
                victim.kill()
        assert not is_empty(aws)
        with Processor(tmp_path, aws.endpoint):
            report = fleet.audit()
            eventually(lambda: is_empty(aws))

    assert report["repeats"] > 0


def test_two_processors_on_one_queue(tmp_path: Path) -> None:
    """Replicas share the queue: each event arrives, in order, and both did some of the work."""
    with Emulator(tmp_path, *SLOW) as aws:
        aws.provision()
        fleet = Fleet(tmp_path, aws.endpoint)
        with Processor(tmp_path, aws.endpoint, **SMALL) as one, Processor(tmp_path, aws.endpoint, **SMALL) as other:
            one.wait_until_ready()
            other.wait_until_ready()
            fleet.send(300)
            fleet.audit()
            assert one.metric("submissions_deleted_total") > 0
            assert other.metric("submissions_deleted_total") > 0
