"""A reject store that cannot take a reject stops nobody else, loses nothing, and lets nothing overtake."""

import json
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from mypy_boto3_sqs import SQSClient

from event_processor.aws.clients import Clients, Location
from event_processor.aws.resources import ResourceReader
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.rejects.reject import Reject
from event_processor.stores.reject_file import FileRejects
from event_processor.stores.reject_queue import SqsRejects
from event_processor.testing import ManualClock, MemoryQueue, MemoryRejects, MemoryStream, RecordingObserver
from event_processor.verdict import Fault, Reason
from local_aws import LocalAws
from tests.eventually import eventually
from tests.integration.rig import MIB, Fleet, counted, running

KIB = 1024


def noise(size_bytes: int, seed: int = 1) -> str:
    """Text that is not JSON and that no compression makes much smaller."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return "!" + "".join(random.Random(seed).choices(letters, k=size_bytes - 1))


def sent(queue: MemoryQueue, *bodies: str) -> MemoryQueue:
    """The queue, with these on it."""
    for body in bodies:
        queue.send(body)
    return queue


class HangingStore(MemoryRejects):
    """A store whose calls do not come back until somebody fixes it."""

    def __init__(self) -> None:
        super().__init__()
        self.fixed = Event()

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore."""
        assert self.fixed.wait(60), "a test left the store hanging"
        return super().store(rejects)


@pytest.mark.parametrize("store", [MemoryRejects, HangingStore], ids=["failing", "hanging"])
def test_sound_submissions_pass_while_the_store_is_down(store: type[MemoryRejects]) -> None:
    """With far more bad submissions than receivers before them, all sound ones are published and deleted meanwhile."""
    fleet, rejects, stream = Fleet(60), store(), MemoryStream()
    rejects.failing = True
    queue = sent(MemoryQueue(SystemClock()), *["nonsense{"] * 40, *fleet.bodies)
    with running(queue, stream, rejects) as run:
        eventually(lambda: len(queue) == 40, "the sound ones to be done")
        assert fleet.judge(stream).passed
        assert counted(["deleted", "rejected"], run.observer) == {"deleted": 60, "rejected": 0}

        rejects.failing = False
        if isinstance(rejects, HangingStore):
            rejects.fixed.set()
        eventually(lambda: len(queue) == 0, "the bad ones to be done, too")

    assert [reject.original for reject in rejects.stored] == ["nonsense{"] * 40


def test_what_waits_for_the_store_is_bounded_and_held() -> None:
    """Bad submissions wait up to the limits and stay hidden; receiving waits, and goes on when the store is well."""
    rejects, fleet, stream = MemoryRejects(), Fleet(10), MemoryStream()
    rejects.failing = True
    queue = sent(MemoryQueue(SystemClock(), visibility_seconds=3), *["nonsense{"] * 80, *fleet.bodies)
    with running(queue, stream, rejects, visibility_seconds=3, max_submissions=30) as run:
        eventually(lambda: queue.hidden == 30)
        eventually(lambda: run.observer.of("working").count(("extend",)) >= 3)
        assert queue.hidden == 30
        assert counted(["received"], run.observer) == {"received": 30}

        rejects.failing = False
        eventually(lambda: len(queue) == 0)

    assert len(rejects.stored) == 80
    assert fleet.judge(stream).passed


def test_large_bodies_that_wait_count_as_bytes() -> None:
    """What waits for the store is counted with its bytes, so that no more is taken in than may be in hand."""
    rejects = MemoryRejects()
    rejects.failing = True
    queue = sent(MemoryQueue(SystemClock(), batch=1), *[noise(MIB)] * 12)
    with running(queue, MemoryStream(), rejects, receive_batch=1, max_bytes=4 * MIB) as run:
        eventually(lambda: queue.hidden == 4)
        rejects.failing = False
        eventually(lambda: len(queue) == 0)

    assert max(size_bytes for _, size_bytes in run.observer.of("in_flight")) <= 4 * MIB


def test_stop_gives_back_what_waits_for_the_store() -> None:
    """On SIGTERM what waits for a store that is down is visible to others again, within the grace period."""
    rejects = HangingStore()
    queue = sent(MemoryQueue(SystemClock()), *["nonsense{"] * 25)
    with running(queue, MemoryStream(), rejects, grace_seconds=4, max_submissions=40) as run:
        eventually(lambda: counted(["received"], run.observer)["received"] == 25)
        outcome = run.stop()
        rejects.fixed.set()

    assert (outcome.released, outcome.unreleased) == (25, 0)
    assert (len(queue), queue.hidden) == (25, 0)


def test_sound_events_of_a_submission_with_rejects_wait_for_the_store() -> None:
    """A submission of sound and faulty events is published as soon as the store is well, and deleted after that."""
    fleet, rejects, stream = Fleet(30, invalid_share=0.5), MemoryRejects(), MemoryStream()
    rejects.failing = True
    queue = sent(MemoryQueue(SystemClock()), *fleet.bodies)
    with running(queue, stream, rejects) as run:
        eventually(lambda: run.observer.of("deleted"))
        eventually(lambda: run.observer.of("failing"))
        rejects.failing = False
        eventually(lambda: len(queue) == 0)

    assert fleet.judge(stream).passed


# -- a reject that the store cannot take whole -------------------------------------------------------------------------


class SmallStore(MemoryRejects):
    """A store that keeps no original over a kibibyte, while it is small."""

    is_small = True

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore."""
        super().store(rejects)
        return [reject for reject in rejects if self.is_small and len(reject.original) > KIB]


def test_an_original_that_the_store_cannot_keep_stays_on_the_queue() -> None:
    """Its message is not deleted: it comes again after a growing delay, told once, until the store can keep it."""
    clock, rejects, body = ManualClock(), SmallStore(), noise(2 * KIB)
    queue = sent(MemoryQueue(clock), body, "small{")
    with running(queue, MemoryStream(), rejects, clock=clock) as run:
        for receives, delay_seconds in enumerate((2, 4, 8), start=1):
            eventually(partial(_has_released, run.observer, receives))
            clock.advance(delay_seconds - 0.1)
            assert queue.hidden == 1
            clock.advance(0.2)
        eventually(partial(_has_released, run.observer, 4))
        assert {reason for _, reason in run.observer.of("released")} == {"original_not_kept"}
        assert [delivery.body for [deliveries] in run.observer.of("deleted") for delivery in deliveries] == ["small{"]

        rejects.is_small = False
        clock.advance(17)
        eventually(lambda: len(queue) == 0)

    told = [reject.original for [rejected] in run.observer.of("rejected") for reject in rejected]
    assert sorted(told) == sorted([body, "small{"])


def _has_released(observer: RecordingObserver, times: int) -> bool:
    return len(observer.of("released")) == times


def test_the_sound_events_beside_it_are_published() -> None:
    """The sound events of a submission whose faulty one is too large for the store are on the stream, in order."""
    events = [{"cmdl": "first", "user": "a"}, {"cmdl": "", "user": noise(2 * KIB)}, {"cmdl": "last", "user": "a"}]
    ids = {"submission_id": "8be01974-0f15-4d4f-809f-257a6de4d3f9", "device_id": "31980191-fa99-4768-8a7b-0e81397ca6ef"}
    body = json.dumps(ids | {"time_created": "2021-03-28T15:44:18", "events": {"new_process": events}})
    clock, stream = ManualClock(), MemoryStream()
    queue = sent(MemoryQueue(clock), body)
    with running(queue, stream, SmallStore(), clock=clock) as run:
        eventually(partial(_has_released, run.observer, 1))

    assert [event["sequence"] for event in stream.events()] == [0, 2]
    assert len(queue) == 1


# -- the queue of rejects ----------------------------------------------------------------------------------------------


class RejectsQueue:
    """A queue of rejects that takes messages of so many bytes."""

    def __init__(self, aws: LocalAws, limit_bytes: int) -> None:
        clients = Clients(Location(aws.endpoint, "us-east-1"))
        self.sqs: SQSClient = clients.sqs(pool=4)
        self.url = self.sqs.create_queue(QueueName="rejects")["QueueUrl"]
        self.set_limit(limit_bytes)
        self.observer = RecordingObserver()
        self._inspector = ResourceReader(self.sqs, clients.kinesis(1), self.observer, attempts=1)
        self.store = SqsRejects(clients.queue(4), self.url, self.observer, self.limit)

    def set_limit(self, limit_bytes: int) -> None:
        """Of a message."""
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"MaximumMessageSize": str(limit_bytes)})

    def limit(self) -> int:
        """What the queue says of it."""
        return self._inspector.queue("rejects").largest_body_bytes

    def kept(self) -> list[Any]:
        """All that is on it."""
        found: list[Any] = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=600, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += messages
        return found


def test_bodies_too_large_for_the_queue_of_rejects_stop_nobody(aws: LocalAws) -> None:
    """A queue of rejects of 256 KiB and bodies of 500 KB that are not JSON: sound ones pass, the others stay."""
    place, fleet, stream, clock = RejectsQueue(aws, 256 * KIB), Fleet(30), MemoryStream(), ManualClock()
    bodies = [noise(500_000, seed) for seed in range(4)]
    queue = sent(MemoryQueue(clock), *bodies, *fleet.bodies, "x" * 500_000)
    with running(queue, stream, place.store, clock=clock) as run:
        eventually(lambda: len(queue) == 4)
        eventually(lambda: counted(["released"], run.observer)["released"] == 4)

    assert fleet.judge(stream).passed
    kept = [(json.loads(message["Body"]), message.get("MessageAttributes", {})) for message in place.kept()]
    assert sorted((reject.get("original_bytes") or 0) for reject, _ in kept) == [0, *[500_000] * 4]
    assert [bool(attributes) for reject, attributes in kept if "original_bytes" not in reject] == [True]


def test_rejects_wait_in_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is not there is a store that is down: sound ones pass, and when it is there all is finished."""
    fleet, stream, folder = Fleet(20), MemoryStream(), tmp_path / "not-mounted-yet"
    queue = sent(MemoryQueue(SystemClock()), *["nonsense{"] * 10, *fleet.bodies)
    with running(queue, stream, FileRejects(folder / "rejects.ndjson")) as run:
        eventually(lambda: len(queue) == 10)
        eventually(lambda: run.observer.of("failing"))
        folder.mkdir()
        eventually(lambda: len(queue) == 0)

    assert len((folder / "rejects.ndjson").read_text().splitlines()) == 10


def test_a_limit_that_was_lowered_is_asked_for(aws: LocalAws) -> None:
    """When the queue of rejects takes less than it did, the next large reject goes compressed instead of failing."""
    place = RejectsQueue(aws, MIB)
    assert place.store.store([_reject("x" * 500_000, 1)]) == []
    place.set_limit(256 * KIB)

    assert place.store.store([_reject("y" * 500_000, 2), _reject("{}", 3)]) == []

    assert len(place.kept()) == 3


def test_a_limit_that_was_raised_is_asked_for(aws: LocalAws) -> None:
    """Before a reject goes without its original the limit is asked for again, and it goes whole if it fits by now."""
    place, large = RejectsQueue(aws, 256 * KIB), _reject(noise(500_000), 1)
    assert place.store.store([large]) == [large]
    assert place.store.store([large]) == [large]
    place.set_limit(MIB)

    assert place.store.store([large]) == []

    originals = sorted(json.loads(message["Body"])["original"] or "" for message in place.kept())
    assert originals == ["", large.original]  # explained once, however often it came; then whole


@pytest.mark.parametrize("limit_bytes", [KIB, 2 * KIB])
def test_the_smallest_queue_takes_every_reject(aws: LocalAws, limit_bytes: int) -> None:
    """Even a queue of a kibibyte takes an explanation of every reject, with the size of what it left out."""
    place, many = RejectsQueue(aws, limit_bytes), Fleet(40, invalid_share=1.0)
    wide = json.dumps({"submission_id": 1, "events": {"x" * 300: [{}] * 200, **{f"type-{n}": [] for n in range(99)}}})
    queue, stream = sent(MemoryQueue(SystemClock()), wide, *many.bodies), MemoryStream()
    with running(queue, stream, place.store) as run:
        eventually(lambda: sum(counted(["deleted", "released"], run.observer).values()) >= 41, "all to be settled")

    assert run.observer.of("failing") == []
    kept = [(json.loads(message["Body"]), message) for message in place.kept()]
    assert len({reject["message_id"] for reject, _ in kept}) == 41
    for reject, message in kept:
        assert reject["reject_id"]
        assert reject["reason"]
        assert reject["original"] is not None or message.get("MessageAttributes") or reject["original_bytes"] > 0


class Refusing:
    """A store behind which some rejects are refused, whatever their size."""

    def __init__(self, place: RejectsQueue) -> None:
        self._place = place

    def send_message_batch(self, **request: Any) -> Any:
        """Refuses what it cannot read, as an emulator without binary attributes does."""
        if any("MessageAttributes" in entry for entry in request["Entries"]):
            failed = [{"Id": e["Id"], "Code": "InvalidParameterValue", "SenderFault": True} for e in request["Entries"]]
            return {"Failed": failed}
        return self._place.sqs.send_message_batch(**request)


def test_a_reject_that_is_refused_for_its_original_goes_without(aws: LocalAws) -> None:
    """What the queue refuses for good is stored without its original, whatever the queue says of its limits."""
    place, large = RejectsQueue(aws, MIB), _reject("x" * (MIB - 100), 1)
    store: Any = SqsRejects(Refusing(place), place.url, place.observer, place.limit)  # type: ignore[arg-type]

    assert store.store([large, _reject("{}", 2)]) == [large]

    assert len(place.kept()) == 2


def test_a_queue_of_rejects_that_is_gone_is_down(aws: LocalAws) -> None:
    """A queue that is not there fails the store as a whole: no reject counts as unfit."""
    place = RejectsQueue(aws, MIB)
    place.sqs.delete_queue(QueueUrl=place.url)

    with pytest.raises(CallFailed):
        place.store.store([_reject("{}", 1)])


def _reject(body: str, number: int) -> Reject:
    queue = MemoryQueue(ManualClock())
    queue.send(body)
    [delivery] = queue.receive()
    return Reject(f"reject-{number}", (Fault(Reason.NOT_JSON, "", "no JSON"),), body, delivery.origin)
