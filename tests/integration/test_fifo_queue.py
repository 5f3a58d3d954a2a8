"""FIFO queues: a message group is in order across its submissions, whatever happens to one of them."""

import json
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from event_processor.aws.clients import Clients, Location
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.rejects.ports import RejectStore
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.ports import Source
from event_processor.testing import MemoryRejects, RecordingObserver
from local_aws import Faults, LocalAws
from sensor_fleet.audit import AuditSettings, audit
from sensor_fleet.aws import Aws
from sensor_fleet.generator import Options
from sensor_fleet.run import RunSettings, run
from tests.eventually import eventually
from tests.integration.rig import Running, running

DEVICES = [str(uuid.UUID(int=number)) for number in range(1, 5)]


class FifoPlace:
    """A FIFO queue whose message groups are the devices, a stream, and the adapters for them."""

    def __init__(self, aws: LocalAws, visibility_seconds: int = 3) -> None:
        clients = Clients(Location(aws.endpoint, "us-east-1"))
        self.observer = RecordingObserver()
        self._sqs, self._kinesis = clients.sqs(pool=5), clients.kinesis(pool=2)
        self._url = self._sqs.create_queue(QueueName="s.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        self._kinesis.create_stream(StreamName="events", ShardCount=2)
        self._numbers = count(1)
        self.sent: dict[str, list[str]] = {device: [] for device in DEVICES}
        self.sink = KinesisSink(clients.stream(3), "events", self.observer)
        self._visibility_seconds = visibility_seconds
        polling = Polling(10, 1, visibility_seconds)
        self.source = SqsSource(clients.queue(2, 1), clients.queue(5), self._url, polling, SystemClock(), self.observer)

    def running(
        self, source: Source | None = None, rejects: RejectStore | None = None
    ) -> AbstractContextManager[Running]:
        """A processor at work here, which knows for how long the queue hides what it receives."""
        source = source or self.source
        return running(source, self.sink, rejects, observer=self.observer, visibility_seconds=self._visibility_seconds)

    def send(self, device: str, events: int, rejects: int = 0) -> None:
        """A submission of a device, some of its events faulty; its commands say in which order they were sent."""
        commands = [f"{next(self._numbers):06}" for _ in range(events)]
        self.sent[device] += commands
        submission = {
            "submission_id": str(uuid.uuid4()),
            "device_id": device,
            "time_created": "2021-03-28T15:44:18.592840",
            "events": {"new_process": [{"cmdl": command, "user": "admin"} for command in commands] + [{}] * rejects},
        }
        self._sqs.send_message(
            QueueUrl=self._url,
            MessageBody=json.dumps(submission),
            MessageGroupId=device,
            MessageDeduplicationId=str(submission["submission_id"]),
        )

    def is_empty(self) -> bool:
        """No message is left, hidden or not."""
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])["Attributes"]
        return not int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])

    def published(self) -> dict[str, list[str]]:
        """The commands of each device, first occurrences only, in the order of the stream."""
        found: dict[str, list[str]] = {device: [] for device in DEVICES}
        for shard in self._kinesis.list_shards(StreamName="events")["Shards"]:
            iterator = self._kinesis.get_shard_iterator(
                StreamName="events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            for record in self._kinesis.get_records(ShardIterator=iterator)["Records"]:
                event = json.loads(record["Data"])
                found[event["device_id"]].append(event["event_data"]["cmdl"])
        return {device: list(dict.fromkeys(commands)) for device, commands in found.items()}


def test_groups_are_in_order_under_faults(aws: LocalAws) -> None:
    """A reader sees all events of a device in the order of its submissions, whatever the services do."""
    place = FifoPlace(aws)
    for number in range(40):
        place.send(DEVICES[number % len(DEVICES)], events=number % 5)
    aws.faults = Faults(refuse=0.3, lose_answer=0.08, fail_call=0.08, seed=3)
    with place.running() as run:
        eventually(place.is_empty)
        aws.faults = Faults()

    assert run.stop().is_clean
    assert place.published() == place.sent
    assert place.observer.of("order_violated") == []


class Explosive(str):
    """A body on which our code fails in a way that nobody thought of."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """What parsing does first."""
        raise RuntimeError("a bug")


class FailsOn:
    """A Source one of whose messages meets a bug of ours: on its first receive, or for as long as `is_told_to`."""

    def __init__(self, source: SqsSource, command: str) -> None:
        self.is_told_to = False
        self._source, self._command = source, command

    def receive(self) -> list[Delivery]:
        """See Source."""
        return [self._spoil(delivery) for delivery in self._source.receive()]

    def _spoil(self, delivery: Delivery) -> Delivery:
        is_it = self._command in delivery.body and (delivery.receive_count == 1 or self.is_told_to)
        return replace(delivery, body=Explosive(delivery.body)) if is_it else delivery

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> Sequence[EntryFailure]:
        """See Source."""
        return self._source.change_visibility(timeouts)

    def delete(self, deliveries: Sequence[Delivery]) -> Sequence[EntryFailure]:
        """See Source."""
        return self._source.delete(deliveries)


def test_a_failed_submission_holds_its_group_only(aws: LocalAws) -> None:
    """What stands behind a submission that failed waits for it; other groups go on."""
    place = FifoPlace(aws)
    for _ in range(3):
        for device in DEVICES[:2]:
            place.send(device, events=2)
    failing, waiting = place.sent[DEVICES[0]][2], place.sent[DEVICES[0]][4]
    source = FailsOn(place.source, failing)
    source.is_told_to = True
    with place.running(source) as run:
        eventually(lambda: run.observer.of("broken"))
        eventually(lambda: place.published()[DEVICES[1]] == place.sent[DEVICES[1]])
        assert waiting not in place.published()[DEVICES[0]]
        source.is_told_to = False
        eventually(place.is_empty)

    assert place.published() == place.sent


class ReleasesTheFirst:
    """A Source that lets go of the first message of a group at once, with later ones of it still in hand.

    That is what a hold that ran out for one message alone looks like.
    """

    def __init__(self, source: SqsSource, observer: RecordingObserver) -> None:
        self._source, self._observer = source, observer
        self.change_visibility, self.delete = source.change_visibility, source.delete

    def receive(self) -> list[Delivery]:
        """See Source."""
        deliveries = self._source.receive()
        groups = [delivery.group for delivery in deliveries]
        for number, delivery in enumerate(deliveries):
            is_first = delivery.group not in groups[:number] and groups.count(delivery.group) > 1
            if is_first and delivery.receive_count <= 2:
                self._source.change_visibility([(delivery, 0)])
        return deliveries


def test_an_earlier_submission_comes_again_with_later_ones_in_hand(aws: LocalAws) -> None:
    """SQS gives a released message to somebody else though later ones of its group are in our hands: order holds."""
    place = FifoPlace(aws)
    for number in range(32):
        place.send(DEVICES[number % 2], events=3)
    aws.faults = Faults(refuse=0.3, latency_ms=20, seed=5)
    source = ReleasesTheFirst(place.source, place.observer)
    with place.running(source), place.running(source):
        eventually(place.is_empty)
        aws.faults = Faults()

    received = [delivery for deliveries, _ in place.observer.of("received") for delivery in deliveries]
    assert max(delivery.receive_count for delivery in received) > 1
    assert place.published() == place.sent


class GivesBackNothingElse(FailsOn):
    """The same, and only that message can be given back: those behind it `stay` hidden."""

    def __init__(self, source: SqsSource, command: str) -> None:
        super().__init__(source, command)
        self.stay: list[Delivery] = []

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> Sequence[EntryFailure]:
        """See Source."""
        if not any(self._command in delivery.body for delivery, _ in timeouts):
            self.stay += [delivery for delivery, _ in timeouts]
            raise CallFailed("change_visibility", "ServiceUnavailable", "not for those behind it")
        return super().change_visibility(timeouts)


def test_a_failed_submission_comes_again_before_those_behind_it(aws: LocalAws) -> None:
    """A submission that failed is received again, alone, while those behind it are still hidden, and goes first."""
    place = FifoPlace(aws, visibility_seconds=60)
    for _ in range(4):
        place.send(DEVICES[3], events=2)
    source = GivesBackNothingElse(place.source, place.sent[DEVICES[3]][0])

    def received() -> list[list[int]]:
        return [[d.receive_count for d in deliveries] for deliveries, _ in place.observer.of("received") if deliveries]

    with place.running(source):
        eventually(lambda: len(received()) > 1)
        assert received() == [[1, 1, 1, 1], [2]]
        place.source.change_visibility([(delivery, 0) for delivery in source.stay])
        eventually(place.is_empty)

    assert place.published() == place.sent


class FullStore(MemoryRejects):
    """A reject store on a full disk, until somebody makes room."""

    has_room = False

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore."""
        if not self.has_room:
            raise CallFailed("store", "ENOSPC", "the disk is full")
        return super().store(rejects)


class NeverExtends:
    """A Source that cannot extend a visibility timeout, nor give anything back."""

    def __init__(self, source: SqsSource) -> None:
        self.receive, self.delete = source.receive, source.delete

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> Sequence[EntryFailure]:
        """See Source."""
        raise CallFailed("change_visibility", "ServiceUnavailable", f"not for {len(timeouts)} messages")


def test_nothing_overtakes_a_submission_that_waits_for_the_reject_store(aws: LocalAws) -> None:
    """A submission that we hold and cannot admit comes again with the next of its group, which must not go first."""
    place, rejects = FifoPlace(aws), FullStore()
    place.send(DEVICES[0], events=1, rejects=1)
    source = NeverExtends(place.source)
    with place.running(source, rejects):
        eventually(lambda: place.observer.of("failing"))
        place.send(DEVICES[0], events=2)
        eventually(lambda: sum(len(deliveries) for deliveries, _ in place.observer.of("received")) >= 3)
        rejects.has_room = True
        eventually(place.is_empty)

    assert place.published() == place.sent


class ForgetsGroups:
    """A Source that loses what a FIFO queue says of a message's group, so that each submission goes its own way."""

    def __init__(self, source: SqsSource) -> None:
        self._source = source
        self.change_visibility, self.delete = source.change_visibility, source.delete

    def receive(self) -> list[Delivery]:
        """See Source."""
        return [replace(delivery, group=None) for delivery in self._source.receive()]


@pytest.mark.parametrize(("broken", "is_good"), [(False, True), (True, False)], ids=["ours", "without groups"])
def test_the_audit_sees_whether_groups_are_in_order(aws: LocalAws, tmp_path: Path, broken: bool, is_good: bool) -> None:
    """What a fleet sent to a FIFO queue passes its audit; a processor that forgets the groups is found out."""
    place = FifoPlace(aws)
    fleet = Aws(endpoint_url=aws.endpoint)
    options = Options(seed=2, devices=4, events=(2, 2), spoil=0)
    manifest = tmp_path / "manifest"
    run(
        RunSettings(
            aws=fleet,
            queue="s.fifo",
            wait_for_queue=0,
            options=options,
            submissions=60,
            rate=0,
            pacing="constant",
            manifest=manifest,
        ),
        Event(),
    )
    aws.faults = Faults(refuse=0.3, lose_answer=0.08, seed=3)
    with place.running(ForgetsGroups(place.source) if broken else place.source):
        eventually(place.is_empty)
    aws.faults = Faults()
    report = audit(AuditSettings(aws=fleet, stream="events", manifest=manifest, wait=0, allow_others=False))

    assert report.groups == 4
    assert report.passed == is_good
    assert (report.violations["out_of_order"] == 0) == is_good
    assert all("behind it in its group" in sample.detail for sample in report.samples)
