"""What was read at start and changes at run time: limits of the stream and of the queue."""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.publishing.publisher import Backoff, Publisher
from event_processor.publishing.stream import Record
from event_processor.submissions.processor import Processor
from event_processor.testing import MemoryQueue, MemoryRejects, MemoryStream, RecordingObserver
from tests.eventually import eventually
from tests.integration.rig import LIMITS, MIB, RULES, Fleet, counted
from tests.picky import PickyStream

KIB = 1024


def submission(number: int, *sizes: int) -> str:
    """A submission whose events have so many bytes in their command line, told apart by their first letters."""
    events = [{"cmdl": f"{index}:" + "x" * size, "user": "a"} for index, size in enumerate(sizes)]
    ids = {"submission_id": str(UUID(int=number)), "device_id": str(UUID(int=number % 7))}
    return json.dumps(ids | {"time_created": "2021-03-28T15:44:18", "events": {"new_process": events}})


class LimitedStream(PickyStream):
    """A stream with a limit for records that may change; it refuses the whole call, or single entries, as told."""

    def __init__(self, limit_bytes: int, whole: bool = True) -> None:
        super().__init__(self._is_refused, whole, shards=2)
        self.limit_bytes = limit_bytes
        self.poison = "no event has this"
        self.is_silent = False  # on its limit
        self.asked = 0

    def _is_refused(self, record: Record) -> bool:
        return record.size_bytes > self.limit_bytes or self.poison.encode() in record.data

    def limit(self) -> int:
        """What it says of itself."""
        self.asked += 1
        if self.is_silent:
            raise CallFailed("read_stream", "LimitExceededException", "told to be silent")
        return self.limit_bytes


class Rig:
    """A processor at work on such a stream."""

    def __init__(self, queue: MemoryQueue, stream: LimitedStream, known_bytes: int, **limits: Any) -> None:
        self.rejects, self.observer = MemoryRejects(), RecordingObserver()
        self.processor = Processor(
            queue,
            stream,
            self.rejects,
            Publisher(random.Random(1).random, Backoff(0.002, 0.02)),
            replace(RULES, limit_bytes=known_bytes),
            replace(LIMITS, **limits),
            SystemClock(),
            self.observer,
            stream.limit,
        )

    def reasons(self) -> list[tuple[str, int | None]]:
        """Reason and sequence of what was rejected."""
        return [(reject.reason.value, reject.sequence) for reject in self.rejects.stored]


@contextmanager
def at_work(queue: MemoryQueue, stream: LimitedStream, known_bytes: int, **limits: Any) -> Iterator[Rig]:
    """Until the end of the `with`."""
    rig = Rig(queue, stream, known_bytes, **limits)
    thread = threading.Thread(target=rig.processor.run)
    thread.start()
    try:
        yield rig
    finally:
        rig.processor.stop()
        thread.join(30)


def queue_of(*bodies: str, **options: Any) -> MemoryQueue:
    """With these on it."""
    queue = MemoryQueue(SystemClock(), **options)
    for body in bodies:
        queue.send(body)
    return queue


def sequences(stream: MemoryStream, number: int) -> list[int]:
    """Which events of a submission are on the stream, in that order."""
    return [e["sequence"] for e in stream.events() if e["submission_id"] == str(UUID(int=number))]


# -- the stream's record limit -----------------------------------------------------------------------------------------


def test_a_record_that_fits_by_now_is_no_reject() -> None:
    """After the stream's limit was raised, what was too large at start is published, not rejected and deleted."""
    queue, stream = queue_of(*[submission(n, 10, 200 * KIB, 10) for n in range(20)]), LimitedStream(MIB)
    with at_work(queue, stream, 100 * KIB) as rig:
        eventually(lambda: len(queue) == 0)

    assert rig.reasons() == []
    assert all(sequences(stream, number) == [0, 1, 2] for number in range(20))


def test_a_record_that_is_too_large_still_is_a_reject_after_asking() -> None:
    """The limit is asked for once more, and then the record is rejected; its siblings are published in order."""
    queue, stream = queue_of(submission(1, 10, 200 * KIB, 10)), LimitedStream(100 * KIB)
    with at_work(queue, stream, 100 * KIB) as rig:
        eventually(lambda: len(queue) == 0)

    assert rig.reasons() == [("too_large", 1)]
    assert sequences(stream, 1) == [0, 2]
    assert stream.asked == 1


def test_while_the_limit_cannot_be_asked_for_the_stream_decides() -> None:
    """When the stream does not say its limit, a record that looks too large is sent: it may fit by now."""
    queue, stream = queue_of(submission(1, 10, 200 * KIB, 10)), LimitedStream(MIB)
    stream.is_silent = True
    with at_work(queue, stream, 100 * KIB) as rig:
        eventually(lambda: len(queue) == 0)

    assert rig.reasons() == []
    assert sequences(stream, 1) == [0, 1, 2]


@pytest.mark.parametrize("whole", [True, False], ids=["whole calls", "entries"])
def test_a_lowered_limit_stops_nobody(whole: bool) -> None:
    """Records over a limit that was lowered become rejects `too_large`; all else is published in order and deleted."""
    fleet, stream = Fleet(60), LimitedStream(100 * KIB, whole)
    large = [submission(n, 10, 200 * KIB, 10, 200 * KIB, 10) for n in range(1, 6)]
    queue = queue_of(*large, *fleet.bodies)
    with at_work(queue, stream, MIB) as rig:
        eventually(lambda: len(queue) == 0)

    assert sorted(rig.reasons()) == sorted([("too_large", 1), ("too_large", 3)] * 5)
    assert all(sequences(stream, number) == [0, 2, 4] for number in range(1, 6))
    assert counted(["deleted"], rig.observer) == {"deleted": 65}
    assert rig.observer.of("crashed") == []


@pytest.mark.parametrize("whole", [True, False], ids=["whole calls", "entries"])
def test_a_record_refused_for_good_is_a_reject(whole: bool) -> None:
    """A record that the stream refuses alone while others pass is a reject with the stream's word for it."""
    fleet, stream = Fleet(60), LimitedStream(MIB, whole)
    stream.poison = '"1:xxxxxxxxxxxxxxx'
    queue = queue_of(submission(1, 3, 15, 5), *fleet.bodies)
    with at_work(queue, stream, MIB) as rig:
        eventually(lambda: len(queue) <= 1, "the others to be done")
        for number in range(100, 160):
            queue.send(submission(number, 1, 1))
        eventually(lambda: len(queue) == 0)

    assert rig.reasons() == [("invalid", 1)]
    assert "InvalidArgumentException" in rig.rejects.stored[0].faults[0].detail
    assert sequences(stream, 1) == [0, 2]


def test_when_everything_is_refused_nothing_is_rejected() -> None:
    """A stream that refuses every call costs no record: all is published when it takes them again."""
    fleet, stream = Fleet(40), LimitedStream(MIB)
    stream.poison = "{"
    queue = queue_of(*fleet.bodies)
    with at_work(queue, stream, MIB) as rig:
        eventually(lambda: len(rig.observer.of("failing")) > 40)
        assert rig.reasons() == []
        stream.poison = "no event has this"
        eventually(lambda: len(queue) == 0)

    assert rig.reasons() == []
    assert len(stream.stored) == fleet.events


def test_a_reject_of_the_stream_waits_for_the_store() -> None:
    """While the store is down a submission with a refused record is neither deleted nor passed by its own events."""
    stream = LimitedStream(100 * KIB)
    queue = queue_of(submission(1, 10, 200 * KIB, 10), submission(2, 1))
    with at_work(queue, stream, MIB) as rig:
        rig.rejects.failing = True
        eventually(lambda: len(queue) == 1)
        eventually(lambda: any(step == "store" for step, _ in rig.observer.of("failing")))
        assert sequences(stream, 1) == [0]
        rig.rejects.failing = False
        eventually(lambda: len(queue) == 0)

    assert sequences(stream, 1) == [0, 2]
    assert rig.reasons() == [("too_large", 1)]


# -- the queue's message size ------------------------------------------------------------------------------------------


def test_bytes_in_hand_stay_below_the_cap_when_messages_grow() -> None:
    """When the queue takes larger messages than at start, no more bytes are held than before, and all is done."""
    bodies = [submission(number, 900 * KIB) for number in range(30)]
    queue, stream = queue_of(*bodies), LimitedStream(MIB)
    with at_work(queue, stream, MIB, largest_body_bytes=4 * KIB, max_bytes=16 * MIB, receivers=4) as rig:
        eventually(lambda: len(queue) == 0)
        held = [size_bytes for _, size_bytes in rig.observer.of("in_flight")]

    assert max(held) <= 17 * MIB
    assert len(stream.stored) == 30
    released = [reason for deliveries, reason in rig.observer.of("released") for _ in deliveries]
    assert set(released) == {"no_room"}
    assert len(released) < 4 * 10  # learned from the first receives


def test_a_smaller_message_size_gives_room_back() -> None:
    """What the queue says later counts: with smaller messages more receives fit below the cap."""
    queue, stream = queue_of(), LimitedStream(MIB)
    with at_work(queue, stream, MIB, largest_body_bytes=MIB, max_bytes=16 * MIB, receivers=4) as rig:
        rig.processor.renew_queue(256 * KIB)
        rig.processor.renew_stream(MIB, 2)
        for number in range(40):
            queue.send(submission(number, 10))
        eventually(lambda: len(queue) == 0)

    assert rig.observer.of("released") == []


def test_refused_records_of_a_full_house_are_turned_away() -> None:
    """When all that may be in hand waits behind records that the stream will not take, it goes on by itself."""
    bodies = [submission(number, 500 * KIB, 500 * KIB) for number in range(16)] + ["nonsense{"] * 10
    queue, stream = queue_of(*bodies, batch=2), LimitedStream(100 * KIB)
    with at_work(queue, stream, MIB, max_bytes=6 * MIB, receive_batch=2, receivers=2, keepers=1) as rig:
        eventually(lambda: len(queue) == 0)

    assert len(rig.rejects.stored) == 32 + 10
