"""What happens around the processor: things that are not there, go away, come back, fill up or are hostile."""

import json
import resource
import signal
from pathlib import Path

from tests.eventually import eventually
from tests.ports import reserved_port
from tests.system.processes import Emulator, Fleet, Processor

FAILING = "failing, will go on trying"


def test_started_before_queue_and_stream(tmp_path: Path) -> None:
    """Started first, it says once what it waits for, is live but not ready, and then works by itself."""
    with Emulator(tmp_path) as aws, Processor(tmp_path, aws.endpoint) as processor:
        [reason] = eventually(lambda: [reason for reason in processor.reasons() if "waiting" in reason])
        assert "queue submissions" in reason
        assert processor.get("/livez")[0] == 200
        aws.provision()
        processor.wait_until_ready()
        fleet = Fleet(tmp_path, aws.endpoint)
        fleet.send(10)
        fleet.audit()
        assert len(processor.written("waiting")) == 1


def test_stopped_while_waiting(tmp_path: Path) -> None:
    """SIGTERM while it waits for its queue ends it, with exit code 0."""
    with Emulator(tmp_path) as aws, Processor(tmp_path, aws.endpoint) as processor:
        eventually(lambda: processor.lines("waiting"))
        processor.signal(signal.SIGTERM)
        assert processor.exit_code() == 0


def test_aws_gone_and_back(tmp_path: Path) -> None:
    """When the endpoint dies and comes back empty, it says so once for each fault, recovers and works on."""
    with reserved_port() as port, Emulator(tmp_path, port=port) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint).wait_until_ready() as processor:
            first = Fleet(tmp_path, aws.endpoint, seed=1)
            first.send(20)
            first.audit()
            aws.kill()
            eventually(lambda: processor.lines(FAILING, step="receive", error_code="EndpointConnectionError"))
            assert any("receive" in reason for reason in processor.reasons())
            with Emulator(tmp_path, port=port):
                eventually(lambda: processor.lines(FAILING, step="receive", error_code="NonExistentQueue"))
                aws.provision()
                second = Fleet(tmp_path, aws.endpoint, seed=2)
                second.send(20)
                second.audit()
                processor.wait_until_ready()
                codes = [line["error_code"] for line in processor.lines(FAILING, step="receive")]
                assert len(codes) == len(set(codes))
                assert processor.written("working again", step="receive")
                assert processor.lines("bug: stopping") == []
                assert processor.terminate() == 0


def test_stream_deleted_and_made_again(tmp_path: Path) -> None:
    """While the stream is gone messages wait in hand, it is said once, liveness ends in time, and nothing is lost."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, UNFINISHED_LIMIT="1").wait_until_ready() as processor:
            aws.kinesis.delete_stream(StreamName="events")
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(40)
            processor.wait_for("calls_failed_total", 5)
            assert any("put" in reason for reason in processor.reasons())
            eventually(lambda: processor.get("/livez")[0] == 503)
            aws.provision()
            fleet.audit()
            eventually(lambda: aws.depth() == (0, 0))
            processor.wait_until_ready()
            assert processor.get("/livez")[0] == 200
            assert len(processor.written(FAILING, step="put")) == 1
            assert len(processor.written("working again", step="put")) == 1


def test_queue_deleted_and_made_again(tmp_path: Path) -> None:
    """While the queue is gone it is said once, and the new queue of that name is worked on."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint).wait_until_ready() as processor:
            aws.sqs.delete_queue(QueueUrl=aws.sqs.get_queue_url(QueueName="submissions")["QueueUrl"])
            processor.wait_for("calls_failed_total", 3)
            aws.provision()
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(20)
            fleet.audit()
            processor.wait_until_ready()
            assert len(processor.written(FAILING, step="receive")) == 1


def test_disk_full_under_the_reject_file(tmp_path: Path) -> None:
    """While rejects cannot be written nothing with one is deleted, and it is not ready; with room again it goes on."""
    file, full_bytes = tmp_path / "rejects.ndjson", 1024 * 1024
    file.write_text("\n" * full_bytes)
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, REJECTS="file", REJECTS_FILE=str(file)).wait_until_ready() as processor:
            _, most = resource.prlimit(processor.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(processor.pid, resource.RLIMIT_FSIZE, (full_bytes, most))
            aws.send("not a submission")
            processor.wait_for("calls_failed_total", 3)
            [line] = processor.written(FAILING, step="store")
            assert line["error_code"] == "EFBIG"
            assert str(file) in line["detail"]
            assert aws.depth() == (0, 1)
            [reason] = processor.reasons()
            assert reason.startswith("reject store fails: ")
            assert str(file) in reason
            resource.prlimit(processor.pid, resource.RLIMIT_FSIZE, (most, most))
            eventually(lambda: aws.depth() == (0, 0))
            assert processor.reasons() == []
            assert len(processor.written("working again", step="store")) == 1

    assert [json.loads(line)["original"] for line in file.read_text().splitlines() if line] == ["not a submission"]


def test_hostile_bodies(tmp_path: Path) -> None:
    """Whatever is on the queue the process lives, and the good submissions beside it are published."""
    hostile = [
        "[" * 100_000,
        '{"a":' * 100_000,
        "x" * 1024 * 1024,
        '{"events": ' + "9" * 100_000 + "}",
        '{"events": 1e999999999}',
        '{"submission_id": "\\ud800", "events": {"new_process": [{}]}}',
        json.dumps({"events": {"new_process": [0] * 300_000}}),
        "null",
        '"\\u0000"',
        "AAAA",
        "=" * 1000,
    ]
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, VISIBILITY_TIMEOUT="30").wait_until_ready() as processor:
            aws.send(*hostile)
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(60, "--invalid-share", "0.5", "--invalid-kinds", "hostile,submission")
            fleet.audit()
            eventually(lambda: aws.depth() == (0, 0))
            assert processor.get("/livez")[0] == 200
            assert processor.metric("rejects_total") >= len(hostile)
            assert processor.lines("bug: our code failed on a message, which goes back to the queue") == []
            assert processor.metric("submissions_received_total") == len(hostile) + 60
