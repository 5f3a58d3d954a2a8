"""The processor with its real adapters, on an emulator that misbehaves; the fleet's oracle judges."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from mypy_boto3_sqs import SQSClient

from event_processor.aws.clients import Clients, Location
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.rejects.ports import RejectStore
from event_processor.stores.reject_file import FileRejects
from event_processor.stores.reject_queue import SqsRejects
from event_processor.testing import RecordingObserver
from local_aws import Faults, LocalAws
from sensor_fleet.reader import StreamReader
from sensor_fleet.report import Report
from tests.eventually import eventually
from tests.integration.rig import Fleet, Running, counted, running

SOON_SEEN_AGAIN = 3  # seconds of visibility, where faults leave messages hidden that nobody holds
CALM = Faults()


class Place:
    """A queue and a stream on an emulator, and the adapters for them."""

    def __init__(self, aws: LocalAws, shards: int = 2, visibility_seconds: int = 30) -> None:
        self._visibility_seconds = visibility_seconds
        self._clients = Clients(Location(aws.endpoint, "us-east-1"))
        self.observer = RecordingObserver()
        self.sqs: SQSClient = self._clients.sqs(pool=5)
        self.url = self.sqs.create_queue(QueueName="submissions")["QueueUrl"]
        self._clients.kinesis(1).create_stream(StreamName="events", ShardCount=shards)
        self.sink = KinesisSink(self._clients.stream(3), "events", self.observer)
        self.source = SqsSource(
            self._clients.queue(2, 1),
            self._clients.queue(5),
            self.url,
            Polling(10, 1, visibility_seconds),
            SystemClock(),
            self.observer,
        )

    def send(self, bodies: Sequence[str]) -> None:
        """Put messages on the queue."""
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
            answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)  # type: ignore[arg-type]
            assert not answer.get("Failed")

    def running(self, rejects: RejectStore | None = None, **limits: Any) -> AbstractContextManager[Running]:
        """A processor at work here, which knows for how long the queue hides what it receives."""
        limits["visibility_seconds"] = self._visibility_seconds
        return running(self.source, self.sink, rejects, observer=self.observer, **limits)

    def others_write(self) -> None:
        """Another producer takes all that a shard has left of a second."""
        others = [{"Data": b"not ours" * 1_300, "PartitionKey": "theirs"}] * 100
        self._clients.kinesis(1).put_records(StreamName="events", Records=others)  # type: ignore[arg-type]

    def depth(self) -> int:
        """All messages, hidden or not."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])

    def split(self) -> None:
        """The stream has twice the shards from now on."""
        self._clients.kinesis(1).update_shard_count(
            StreamName="events", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
        )

    def looks_at_shards(self) -> int:
        """How often the processor asked for the stream's shards."""
        return sum(operation == "list_shards" for operation, _ in self.observer.of("called"))

    def judge(self, fleet: Fleet) -> Report:
        """The verdict on the stream."""
        oracle = fleet.oracle()
        for _ in StreamReader(self._clients.kinesis(1), "events", oracle).rounds_to_end():
            pass
        return oracle.report()


@pytest.mark.parametrize(
    "faults",
    [
        Faults(refuse=0.3, seed=1),
        Faults(fail_call=0.15, seed=2),
        Faults(lose_answer=0.15, seed=3),
        Faults(refuse=0.2, fail_call=0.1, lose_answer=0.1, latency_ms=2, seed=4),
    ],
    ids=["refusals", "failing-calls", "lost-answers", "all-together"],
)
def test_promises_hold_under_faults(aws: LocalAws, tmp_path: Path, faults: Faults) -> None:
    """Whatever the services do, nothing is lost, altered, silent or out of order, and the queue ends empty."""
    fleet, place = Fleet(80, seed=7, invalid_share=0.2), Place(aws, visibility_seconds=SOON_SEEN_AGAIN)
    place.send(fleet.bodies)
    aws.faults = faults
    rejects = FileRejects(tmp_path / "rejects.ndjson")
    with place.running(rejects) as run:
        eventually(lambda: place.depth() == 0)
        aws.faults = CALM

    assert run.stop().is_clean
    report = place.judge(fleet)
    assert report.passed, report
    assert place.observer.of("order_violated") == []
    assert place.observer.of("crashed") == []
    kept = len((tmp_path / "rejects.ndjson").read_text().splitlines())
    assert kept >= sum(bool(s.plan.rejected or s.plan.must_not) for s in fleet.submissions)


def test_a_full_shard_is_waited_for(aws: LocalAws) -> None:
    """More than a shard takes in a second is published all the same, in order, without a refusal or a repeat."""
    fleet, place = Fleet(250, seed=9), Place(aws, shards=1)
    place.send(fleet.bodies)
    aws.faults = Faults(throttle=True)
    with place.running(max_submissions=300):
        eventually(lambda: place.depth() == 0)

    report = place.judge(fleet)
    assert report.passed, report
    assert report.repeats == 0
    assert not any(refusals for [refusals] in place.observer.of("refused"))


def test_a_shard_with_another_producer_is_waited_for(aws: LocalAws) -> None:
    """Records that a shard refuses because others fill it are published all the same, in order, without a repeat."""
    fleets, place = [Fleet(250, seed=9)], Place(aws, shards=1)
    place.send(fleets[0].bodies)
    aws.faults = Faults(throttle=True)
    with place.running(max_submissions=300):
        while not any(refusals for [refusals] in place.observer.of("refused")):
            place.others_write()
            if place.depth() == 0:  # the others were too slow, on a busy machine
                fleets.append(Fleet(250, seed=9 + len(fleets)))
                place.send(fleets[-1].bodies)
        eventually(lambda: place.depth() == 0)

    for report in map(place.judge, fleets):
        assert not any(report.violations[kind] for kind in ("missing", "altered", "out_of_order"))
        assert report.repeats == 0
    assert {r.error_code for [refusals] in place.observer.of("refused") for r in refusals} == {
        "ProvisionedThroughputExceededException"
    }


def test_a_reshard_is_noticed(aws: LocalAws) -> None:
    """When a record goes to another shard than before, the shards are asked for again at once, to be paced again."""
    fleet, place = Fleet(40, seed=3), Place(aws, shards=1)
    with place.running(max_submissions=100):
        eventually(lambda: place.looks_at_shards() == 1)
        place.split()
        place.send(fleet.bodies)
        eventually(lambda: place.looks_at_shards() >= 2)
        eventually(lambda: place.depth() == 0)

    assert place.judge(fleet).passed


def test_rejects_reach_the_diagnostic_queue(aws: LocalAws) -> None:
    """With the queue store under failing calls, every rejected message has its reject on the diagnostic queue."""
    fleet, place = Fleet(30, seed=11, invalid_share=1.0), Place(aws, visibility_seconds=SOON_SEEN_AGAIN)
    place.send(fleet.bodies)
    rejects_url = place.sqs.create_queue(QueueName="rejects")["QueueUrl"]
    aws.faults = Faults(fail_call=0.1, lose_answer=0.1, seed=5)
    store = SqsRejects(place.sqs, rejects_url, place.observer)
    with place.running(store):
        eventually(lambda: place.depth() == 0)
        aws.faults = CALM

    found = place.sqs.get_queue_attributes(QueueUrl=rejects_url, AttributeNames=["ApproximateNumberOfMessages"])
    assert int(found["Attributes"]["ApproximateNumberOfMessages"]) >= 30
    assert counted(["rejected"], place.observer)["rejected"] >= 30


def test_a_deleted_stream_is_waited_for(aws: LocalAws) -> None:
    """When the stream is deleted and made again under the processor, what is in hand goes to the new one."""
    fleet, place = Fleet(20, seed=12), Place(aws, visibility_seconds=SOON_SEEN_AGAIN)
    kinesis = Clients(Location(aws.endpoint, "us-east-1")).kinesis(1)
    kinesis.delete_stream(StreamName="events")
    place.send(fleet.bodies)
    with place.running() as run:
        eventually(lambda: any(step == "put" for step, _ in run.observer.of("failing")))
        kinesis.create_stream(StreamName="events", ShardCount=1)
        eventually(lambda: place.depth() == 0)

    assert place.judge(fleet).passed


def test_a_deleted_queue_is_waited_for(aws: LocalAws) -> None:
    """When the queue is deleted and made again, stale handles are passed over and new messages are processed."""
    fleet, place = Fleet(20, seed=13), Place(aws, visibility_seconds=SOON_SEEN_AGAIN)
    with place.running() as run:
        place.sqs.delete_queue(QueueUrl=place.url)
        eventually(lambda: any(step == "receive" for step, _ in run.observer.of("failing")))
        place.sqs.create_queue(QueueName="submissions")
        place.send(fleet.bodies)
        eventually(lambda: place.depth() == 0)

    assert place.judge(fleet).passed
