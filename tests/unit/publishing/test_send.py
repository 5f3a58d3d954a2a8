"""Sending without threads: all of it, in order, whatever fails, and never past the deadline."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from event_processor.errors import CallFailed, RecordsRefused
from event_processor.publishing.lanes import Settlement, Unfit, Wave
from event_processor.publishing.publisher import Backoff, Publisher
from event_processor.publishing.send import send
from event_processor.publishing.stream import Answer, Record
from event_processor.testing import Fate, ManualClock, MemoryStream
from tests.picky import PickyStream


@dataclass
class Heard:
    """See Listener, and Judge. Remembers everything."""

    waves: list[tuple[int, int, int, float]] = field(default_factory=list)  # records, acknowledged, refused, seconds
    completed: list[Hashable] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unfit_records: list[tuple[Hashable, int, str]] = field(default_factory=list)

    def carried(self, wave: Wave, outcome: Settlement, call_seconds: float) -> None:
        """See Listener."""
        self.waves.append((len(wave.records), len(outcome.acknowledged), len(outcome.refused), call_seconds))

    def settled(self, outcome: Settlement) -> None:
        """See Listener."""
        self.completed += outcome.completed

    def failed(self, error: CallFailed) -> None:
        """See Listener."""
        self.failures.append(error.code)

    def record_limit(self) -> int:
        """See Judge."""
        return 1024

    def turn_away(self, found: Unfit, error_code: str) -> bool:
        """See Judge."""
        self.unfit_records.append((found.submission, found.record.sequence, error_code))
        return True


class Slow(MemoryStream):
    """Each call takes a second of the clock, also one that fails."""

    def __init__(self, clock: ManualClock, **options: Any) -> None:
        super().__init__(**options)
        self.calls: list[float] = []
        self._clock = clock

    def put(self, records: Sequence[Record]) -> list[Answer]:
        """See Sink."""
        self.calls.append(self._clock.monotonic())
        self._clock.advance(1.0)
        return super().put(records)


def publisher_of(submissions: int, events: int = 3, group: Hashable = None) -> Publisher:
    """With so many submissions to send, named by their numbers."""
    publisher = Publisher(lambda: 1.0, Backoff(1.0, 4.0))
    for number in range(submissions):
        publisher.admit(number, [record(number, sequence) for sequence in range(events)], group)
    return publisher


def record(submission: int, sequence: int, data: bytes = b"{}") -> Record:
    """A record that says where it belongs."""
    return Record(str(submission), data, "new_process", sequence)


def stored(stream: MemoryStream) -> dict[int, list[int]]:
    """The sequences of each submission, in the order of the stream."""
    found: dict[int, list[int]] = {}
    for each in stream.stored:
        found.setdefault(int(each.record.partition_key), []).append(each.record.sequence)
    return found


def every(times: int) -> Callable[[object], bool]:
    """True each so many times that it is asked."""
    asked = iter(range(10**6))
    return lambda _: next(asked) % times == 0


def test_all_of_it_in_order() -> None:
    """Records that are refused go again until all are stored, each submission in its order; nothing is unfinished."""
    refuses, clock, heard = every(3), ManualClock(), Heard()
    stream = Slow(clock, refuse=lambda found: "Throttled" if refuses(found) else None)

    assert send(publisher_of(20), stream.put, clock, heard) == []

    assert stored(stream) == {number: [0, 1, 2] for number in range(20)}
    assert sorted(map(str, heard.completed)) == sorted(map(str, range(20)))
    assert heard.failures == []


def test_a_call_that_fails_is_told_and_made_again() -> None:
    """A stream that does not answer for a while ends nothing: each failure is told, and the pauses grow."""
    clock, heard = ManualClock(), Heard()
    stream = Slow(clock, fate=lambda _: Fate.REQUEST_LOST if clock.monotonic() < 20 else Fate.ANSWERED)

    assert send(publisher_of(2), stream.put, clock, heard) == []

    assert stored(stream) == {0: [0, 1, 2], 1: [0, 1, 2]}
    assert len(heard.failures) == len([at for at in stream.calls if at < 19])
    pauses = [after - before - 1.0 for before, after in zip(stream.calls, stream.calls[1:], strict=False)]
    assert pauses[:5] == [1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_lost_answer_repeats_and_keeps_the_order() -> None:
    """When nobody knows whether a record is stored it is sent again before what follows it."""
    clock, loses = ManualClock(), every(2)
    stream = Slow(clock, fate=lambda found: Fate.ANSWER_LOST if loses(found) else Fate.ANSWERED)

    assert send(publisher_of(1), stream.put, clock, Heard()) == []

    assert stored(stream) == {0: [0, 0, 1, 1, 2, 2]}


@pytest.mark.parametrize("fate", [Fate.REQUEST_LOST, Fate.ANSWERED])
def test_at_the_deadline_it_says_what_is_left(fate: Fate) -> None:
    """While the stream takes nothing, no call begins past the deadline, no pause goes past it, all is unfinished."""
    clock, heard = ManualClock(), Heard()
    stream = Slow(clock, refuse=lambda _: "Throttled", fate=lambda _: fate)

    assert send(publisher_of(3), stream.put, clock, heard, deadline=28.0) == [0, 1, 2]

    assert max(stream.calls) < 28.0
    assert clock.monotonic() == 28.0
    assert heard.completed == []


def test_what_is_complete_by_the_deadline_is_told_apart() -> None:
    """Of a message group the first are complete when time is up, the later ones are named in their order."""
    clock, heard = ManualClock(), Heard()
    stream = Slow(clock)

    assert send(publisher_of(4, events=2, group="a"), stream.put, clock, heard, deadline=5.0) == [2, 3]

    assert heard.completed == [0, 1]
    assert stored(stream) == {0: [0, 1], 1: [0, 1], 2: [0]}


def test_a_deadline_that_has_passed() -> None:
    """Without time nothing is sent."""
    clock = ManualClock()
    stream = Slow(clock)

    assert send(publisher_of(1), stream.put, clock, Heard(), deadline=0.0) == [0]
    assert stream.calls == []


def picky(whole: bool) -> PickyStream:
    """Refuses poison for good: the whole call, or the entry."""
    return PickyStream(lambda each: b"poison" in each.data, whole)


@pytest.mark.parametrize("whole", [True, False], ids=["whole calls", "entries"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_record_that_is_refused_for_good(whole: bool, place: int) -> None:
    """A record that never passes is found and told; what is behind it in its submission goes on, and so do others."""
    clock, heard, stream = ManualClock(), Heard(), picky(whole)
    publisher = publisher_of(5)
    publisher.admit(9, [record(9, sequence, b"poison" if sequence == place else b"{}") for sequence in range(3)])
    publisher.admit("long", [record(8, sequence) for sequence in range(40)])

    assert send(publisher, stream.put, clock, heard, judge=heard) == []

    assert heard.unfit_records == [(9, place, "InvalidArgumentException")]
    assert set(heard.failures) == {"InvalidArgumentException"}
    left = [sequence for sequence in range(3) if sequence != place]
    assert stored(stream) == {number: [0, 1, 2] for number in range(5)} | {9: left, 8: list(range(40))}
    assert len(heard.completed) == 7


@pytest.mark.parametrize("whole", [True, False], ids=["whole calls", "entries"])
def test_several_records_that_are_refused_for_good(whole: bool) -> None:
    """Of a call with several of them each is found, and nothing that stands behind one is forgotten."""
    clock, heard, stream = ManualClock(), Heard(), picky(whole)
    publisher = publisher_of(5, events=40)
    for number in (7, 8):
        publisher.admit(number, [record(number, 0, b"poison"), record(number, 1)])

    assert send(publisher, stream.put, clock, heard, judge=heard, deadline=1000.0) == []

    assert sorted(heard.unfit_records) == [(number, 0, "InvalidArgumentException") for number in (7, 8)]
    assert {number: stored(stream)[number] for number in (7, 8)} == {7: [1], 8: [1]}


def test_a_record_over_the_limit() -> None:
    """A record over the stream's limit is told as such at once, without others to compare it with."""
    clock, heard, stream = ManualClock(), Heard(), picky(whole=True)
    publisher = publisher_of(0)
    publisher.admit(1, [record(1, 0, b"poison" * 1000), record(1, 1)])

    assert send(publisher, stream.put, clock, heard, judge=heard) == []

    assert heard.unfit_records == [(1, 0, "InvalidArgumentException")]
    assert stored(stream) == {1: [1]}


def test_a_stream_that_refuses_everything_costs_no_record() -> None:
    """When nothing passes no record is to blame: all of them are unfinished at the deadline, none is unfit."""
    clock, heard = ManualClock(), Heard()

    def put(records: Sequence[Record]) -> list[Answer]:
        clock.advance(0.1)
        raise RecordsRefused("put", "ValidationException", f"{len(records)} records")

    assert send(publisher_of(4), put, clock, heard, deadline=60.0, judge=heard) == [0, 1, 2, 3]
    assert heard.unfit_records == []


def test_a_listener_that_raises_ends_it() -> None:
    """Whoever wants to give up at the first failure says so by raising; what was acknowledged is told by then."""

    class GivesUp(Heard):
        def failed(self, error: CallFailed) -> None:
            """See Listener."""
            raise error

    clock, heard, calls = ManualClock(), GivesUp(), iter([Fate.ANSWERED, Fate.REQUEST_LOST])
    stream = Slow(clock, fate=lambda _: next(calls))
    publisher = publisher_of(1, events=1)
    publisher.admit("two", [record(7, 0), record(7, 1)])

    with pytest.raises(CallFailed):
        send(publisher, stream.put, clock, heard)
    assert heard.completed == [0]


def test_without_a_judge_it_is_tried_until_the_deadline() -> None:
    """Nobody turns a record away unasked: it is told as a failure and unfinished in the end, and others are stored."""
    clock, heard, stream = ManualClock(), Heard(), picky(whole=False)
    publisher = publisher_of(2)
    publisher.admit(9, [record(9, 0, b"poison"), record(9, 1)])

    assert send(publisher, stream.put, clock, heard, deadline=60.0) == [9]

    assert stored(stream) == {0: [0, 1, 2], 1: [0, 1, 2]}
    assert set(heard.failures) == {"InvalidArgumentException"}
