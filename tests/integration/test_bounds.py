"""P6 as it is seen from outside: at the queue, at the stream, in the body that is parsed, and in what exists at all.

Nothing here believes what the processor says of itself. Bodies here unfold to some fifteen times their size.
"""

import json
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any, Final

import pytest

from event_processor.clock import SystemClock
from event_processor.publishing.stream import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.hands import KEEP_BATCH
from event_processor.submissions.judging import REJECT_BATCH
from event_processor.testing import ManualClock, MemoryQueue, MemoryRejects, MemoryStream, RecordingObserver
from tests.alive import Alive
from tests.eventually import eventually
from tests.integration.rig import MIB, Gate, counted, running
from tests.unit.samples import process, submission

EVENTS: Final = 500  # each is a call to the stream, and on a busy machine a call takes milliseconds
STEADY_SECONDS: Final = 1.0


def text_of(events: int = EVENTS, faulty: int = 0) -> str:
    """A submission of small events, faulty ones last."""
    return json.dumps(submission(events={"new_process": [{"cmdl": "a", "user": "b"}] * events + [0] * faulty}))


class Watched(str):
    """A body that notes when somebody begins to unfold it, and what else is unfolded at that moment."""

    __slots__ = ()
    unfolded: list[int]
    records: Alive

    def startswith(self, *place: Any) -> bool:
        """What parsing does first."""
        self.unfolded.append(self.records.size)
        return super().startswith(*place)


def watched(text: str, patch: pytest.MonkeyPatch) -> tuple[Watched, list[int]]:
    """Such a body, and its notes, shared by all copies of it."""
    notes: list[int] = []
    alive = Alive(patch, Record, lambda record: len(record.data))

    class Noting(Watched):
        __slots__ = ()
        unfolded = notes
        records = alive

    return Noting(text), notes


def until_steady(notes: list[int]) -> None:
    """Until nothing was added for a while. If it is too short for a slow machine, the test sees less, never more."""
    last, since = -1, monotonic()

    def steady() -> bool:
        nonlocal last, since
        if len(notes) != last:
            last, since = len(notes), monotonic()
        return monotonic() - since > STEADY_SECONDS

    eventually(steady)


@pytest.mark.parametrize(
    ("batch", "faulty"),
    [(10, 1), *(pytest.param(*each, marks=pytest.mark.prove) for each in ((1, 0), (1, 1), (10, 0)))],
)
def test_what_bodies_unfold_into_is_bounded(batch: int, faulty: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the stream takes nothing, nothing more is unfolded once the records there are fill the room."""
    body, notes = watched(text_of(faulty=faulty), monkeypatch)
    queue, stream = MemoryQueue(SystemClock(), batch=batch), MemoryStream()
    gate = Gate(stream)
    for _ in range(20):
        queue.send(body)
    with running(queue, gate, receive_batch=batch, max_bytes=MIB, largest_body_bytes=len(body)):
        eventually(lambda: gate.waiting)
        until_steady(notes)
        most = max(notes)
        gate.open()
        eventually(lambda: len(queue) == 0)

    size_bytes = sum(len(stored.record.data) for stored in stream.stored) // 20
    assert size_bytes > 10 * len(body)
    assert most < MIB + (1 + faulty) * size_bytes
    assert len(stream.stored) == 20 * EVENTS


@pytest.mark.parametrize("faulty", [0, 1], ids=["sound", "with a reject"])
def test_one_body_is_unfolded_at_a_time(faulty: int) -> None:
    """However many receivers and keepers there are, each kind has one body in its hands that it unfolds."""
    meeting, begun = Meeting(), Counter[int]()

    class Slow(str):
        __slots__ = ()

        def startswith(self, *place: Any) -> bool:
            """What parsing does first; a body with a reject is parsed a second time when it is set aside."""
            begun[id(self)] += 1
            if begun[id(self)] > faulty:
                meeting.attend()
            return super().startswith(*place)

    bodies = [Slow(text_of(1, faulty)) for _ in range(4 * KEEP_BATCH)]
    queue = MemoryQueue(SystemClock(), batch=1)
    for body in bodies:
        queue.send(body)
    with running(queue, MemoryStream(), receive_batch=1, receivers=4, keepers=4) as run:
        eventually(lambda: queue.hidden >= 4)
        assert not meeting.took_place(seconds=1)
        meeting.cancel()
        eventually(lambda: len(queue) == 0)

    assert counted(["deleted"], run.observer) == {"deleted": len(bodies)}


class Meeting:
    """Takes place if two threads are there at the same time; who attends waits for it until it is cancelled."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self._over = threading.Event()

    def attend(self) -> None:
        """Wait for somebody else."""
        if not self._over.is_set():
            with suppress(threading.BrokenBarrierError):
                self._barrier.wait(60)
                self._over.set()

    def took_place(self, seconds: float) -> bool:
        """Give it so long."""
        return self._over.wait(seconds)

    def cancel(self) -> None:
        """Nobody waits any more."""
        self._over.set()
        self._barrier.abort()


class ShelfWitness(MemoryRejects):
    """A store that keeps nothing, and counts the rejects that exist whenever it gets some."""

    def __init__(self, alive: Alive) -> None:
        super().__init__()
        self._alive = alive
        self.most_alive = self.most_at_once = self.total = 0

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore."""
        self.most_alive = max(self.most_alive, len(self._alive))
        self.most_at_once = max(self.most_at_once, len(rejects))
        self.total += len(rejects)
        return []


class Deaf(RecordingObserver):
    """Remembers nothing, so that what it was told may go."""

    def _tell(self, name: str, *details: Any) -> None:
        pass


def test_a_hostile_body_is_never_held_as_its_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a body with 20,000 faults no more rejects exist at a time than the store takes in one call."""
    queue, rejects = MemoryQueue(SystemClock()), ShelfWitness(Alive(monkeypatch, Reject))
    queue.send(text_of(events=1, faulty=20_000))
    with running(queue, MemoryStream(), rejects, observer=Deaf()):
        eventually(lambda: len(queue) == 0, "the body to be worked off", 200)

    assert rejects.total == 20_000
    assert rejects.most_at_once <= REJECT_BATCH
    assert rejects.most_alive <= REJECT_BATCH + 10


class TakenWitness(MemoryQueue):
    """A queue that counts how much somebody has of it at most."""

    most_bytes = 0

    def receive(self) -> list[Delivery]:
        """See Source."""
        deliveries = super().receive()
        with self._changed:
            out = [m for m in self._messages.values() if not self._is_visible(m)]
            self.most_bytes = max(self.most_bytes, sum(len(message.body) for message in out))
        return deliveries


def test_no_more_bytes_are_taken_than_there_is_room_for() -> None:
    """While the stream takes nothing, the bodies that are out of the queue, seen there, never exceed the setting."""
    body = json.dumps(submission(events={"new_process": [process()]}, ignored="x" * 800_000))
    queue, stream = TakenWitness(SystemClock(), batch=2), MemoryStream()
    gate = Gate(stream)
    for _ in range(30):
        queue.send(body)
    with running(queue, gate, receive_batch=2, max_bytes=8 * MIB, receivers=3):
        eventually(lambda: gate.waiting)
        eventually(lambda: queue.most_bytes > 6 * MIB)
        gate.open()
        eventually(lambda: len(queue) == 0)

    assert queue.most_bytes <= 8 * MIB
    assert len(stream.stored) == 30


# -- what is told, and when --------------------------------------------------------------------------------------------


class WornQueue(MemoryQueue):
    """A queue of messages that were received many times before, and that remembers for how long each was put off."""

    def __init__(self, receives: int) -> None:
        super().__init__(ManualClock())
        self.delays: list[int] = []
        self._receives = receives

    def receive(self) -> list[Delivery]:
        """See Source."""
        return [replace(delivery, receive_count=self._receives) for delivery in super().receive()]

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
        """See Source."""
        self.delays += [seconds for _, seconds in timeouts]
        return []


class Explosive(str):
    """A body on which our code fails."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """What parsing does first."""
        raise RuntimeError("a bug")


@pytest.mark.parametrize(("receives", "delay"), [(1, 2), (9, 512), (10, 900), (16, 900), (5000, 900)])
def test_a_message_is_put_off_for_a_quarter_of_an_hour_at_most(receives: int, delay: int) -> None:
    """The delay before a message that failed comes again grows with its receives, to 15 minutes and no further."""
    queue = WornQueue(receives)
    queue.send(Explosive("{}"))
    with running(queue, MemoryStream()) as run:
        eventually(lambda: queue.delays)

    assert queue.delays == [delay]
    assert not run.observer.of("crashed")


class Thoughtful(RecordingObserver):
    """Thinks about a fact for a while before it has heard it, and notes whether the queue was faster."""

    def __init__(self, fact: str, queue: MemoryQueue) -> None:
        super().__init__()
        self._fact, self._queue = fact, queue
        self.too_late = False

    def _tell(self, name: str, *details: Any) -> None:
        if name == self._fact and details[0]:
            self.too_late = self.too_late or self._deleted_meanwhile()
        super()._tell(name, *details)

    def _deleted_meanwhile(self) -> bool:
        with suppress(AssertionError):
            return eventually(lambda: not len(self._queue), seconds=0.5)
        return False


@pytest.mark.parametrize("fact", ["validated", "rejected", "wave", "published", "completed"])
def test_all_is_told_before_the_delete(fact: str) -> None:
    """Whoever reads the log to the line that a message is deleted has read before what became of its events."""
    queue = MemoryQueue(SystemClock())
    queue.send(text_of(events=1, faulty=1))
    observer = Thoughtful(fact, queue)
    with running(queue, MemoryStream(), observer=observer):
        eventually(lambda: len(queue) == 0)

    assert observer.of(fact)
    assert not observer.too_late


def test_nothing_to_publish_is_told_before_the_delete() -> None:
    """The same holds for a submission without events, which is done when it is admitted."""
    queue = MemoryQueue(SystemClock())
    queue.send(json.dumps(submission(events={"new_process": []})))
    observer = Thoughtful("validated", queue)
    with running(queue, MemoryStream(), observer=observer):
        eventually(lambda: len(queue) == 0)

    assert observer.of("validated")
    assert not observer.too_late
