"""Submissions through the function and an event source mapping, on a bad day: nothing is lost or overtaken."""

from pathlib import Path

import pytest

from event_processor.aws.provisioning import Provisioner
from tests.eventually import eventually
from tests.system.event_source_mapping import EventSourceMapping
from tests.system.lambda_service import Function, Unpacked
from tests.system.processes import Emulator, Fleet

FAULTS = ("--refuse", "0.1", "--lose-answer", "0.05", "--latency-ms", "5", "--seed", "11")


@pytest.mark.prove
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("queue", "submissions"), [("submissions", 2000), ("submissions.fifo", 500)])
def test_redelivery(tmp_path: Path, disk: Unpacked, queue: str, submissions: int) -> None:
    """With refusals, lost answers, invocations out of time and sandboxes killed in the middle, the audit passes."""
    with Emulator(tmp_path, *FAULTS) as aws:
        list(Provisioner(aws.sqs, aws.kinesis).provision(queue, "submissions-rejects", "events", 2))
        fleet = Fleet(tmp_path, aws.endpoint)
        sent = fleet.send(submissions, "--queue", queue, "--devices", "100", "--invalid-share", "0.1")

        def sandbox() -> Function:
            return Function(disk, tmp_path, AWS_ENDPOINT_URL=aws.endpoint, REJECTS="sqs")

        mapping = EventSourceMapping(aws.sqs, queue, sandbox, kill_share=0.1, visibility_seconds=12)
        with mapping.polling(pollers=3):
            eventually(lambda: mapping.errors or aws.depth(queue) == (0, 0), "all to be done", 600)
        report = fleet.audit()

    assert report["expected"] == report["found"] == sent["events_expected"]
    assert not any(report["violations"].values()), report
    assert report["repeats"] > 0
    assert mapping.counts["killed"] > 0, mapping.counts
    assert mapping.counts["reported"] > 0, mapping.counts
