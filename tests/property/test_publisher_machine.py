"""Order, model-checked: a stream that refuses and loses answers, against the publisher and against broken ones.

`PublisherMachine` plays the adversary and keeps books of its own: what is stored, what was acknowledged, who must wait.
The broken publishers below are the ways in which batching senders lose order or records; the same machine finds each.
"""

import sys
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from itertools import chain, count, repeat
from typing import ClassVar

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from event_processor.publishing.lanes import Lane, Settlement, Wave
from event_processor.publishing.pacing import ANY_SHARD, CallSize, Pace, Pacing
from event_processor.publishing.publisher import THROTTLED, Backoff, Publisher
from event_processor.publishing.stream import Acknowledged, Answer, Record, Refused, Shard
from tests.lengths import examples
from tests.property.machines import play

MAX_RECORDS = 3
MAX_BYTES = 40
FIRST_SECONDS = 1.0
MOST_SECONDS = 4.0
PACE = Pace(records_per_second=2.0, bytes_per_second=30.0, burst_seconds=2.0, lot_seconds=1.0)

Fates = st.lists(st.sampled_from(["store", "store", "refuse"]), min_size=MAX_RECORDS, max_size=MAX_RECORDS)


@dataclass(slots=True)
class Book:
    """What the adversary knows of a lane: `stored` is the stream, repeats included.

    A lane's records are numbered through; `ends` says with how many of them each of its submissions is complete.
    """

    partition_key: str
    records: list[Record] = field(default_factory=list)
    ends: dict[Hashable, int] = field(default_factory=dict)
    stored: list[int] = field(default_factory=list)
    acknowledged: int = 0
    refusals: int = 0
    not_before: float = 0.0

    @property
    def is_open(self) -> bool:
        """Not all of it is acknowledged."""
        return self.acknowledged < len(self.records)

    @property
    def head(self) -> Record:
        """What must be sent next."""
        return self.records[self.acknowledged]

    def join(self, submission: Hashable, sizes: list[int]) -> list[Record]:
        """The records of one more submission, one for each size."""
        first = len(self.records)
        key = self.partition_key
        records = [
            Record(key, bytes(size - len(key)), "new_process", first + number) for number, size in enumerate(sizes)
        ]
        self.records += records
        self.ends[submission] = len(self.records)
        return records

    def completed_by(self, acknowledged: int) -> list[Hashable]:
        """The submissions that so many acknowledgements complete, in their order."""
        return [submission for submission, end in self.ends.items() if end <= acknowledged]

    @property
    def first_occurrences(self) -> list[int]:
        """What a reader sees who drops repeats."""
        return list(dict.fromkeys(self.stored))


class PublisherMachine(RuleBasedStateMachine):
    """Any subset of a wave refused, answers lost before or after the write, waves settled in any order, time moving.

    `watches_wire` off leaves only what a reader of the stream sees, to show that it is enough to catch the broken ones.
    """

    publisher_class: ClassVar[type[Publisher]] = Publisher
    watches_wire: ClassVar[bool] = True
    has_groups: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.jitter = 1.0
        self.books: dict[Hashable, Book] = {}
        self.submissions = count()
        self.flying: list[Wave] = []
        self.written = 0
        self.publisher = self.publisher_class(
            lambda: self.jitter, Backoff(FIRST_SECONDS, MOST_SECONDS), MAX_RECORDS, MAX_BYTES
        )

    # -- what may happen ----------------------------------------------------------------------------------------------

    @initialize(sizes=st.lists(st.lists(st.integers(2, 20), min_size=1, max_size=4), min_size=2, max_size=4))
    def begin(self, sizes: list[list[int]]) -> None:
        """A few submissions are there from the start."""
        for each in sizes:
            self.admit(each)

    @rule(sizes=st.lists(st.integers(2, 45), min_size=1, max_size=5))
    def admit(self, sizes: list[int]) -> None:
        """A submission joins; one of its records may be larger than a wave."""
        key = next(self.submissions)
        book = self.books[key] = Book("abcdefgh"[key % 8])
        assert self.publisher.admit(key, book.join(key, sizes))

    @precondition(lambda self: self.has_groups)
    @rule(group=st.sampled_from(["red", "blue"]), sizes=st.lists(st.integers(2, 45), max_size=3))
    def admit_to_group(self, group: str, sizes: list[int]) -> None:
        """A submission of a message group joins behind the others; it may have no records at all."""
        book = self.books.setdefault(group, Book(group[0]))
        was_open = book.is_open
        key = next(self.submissions)
        assert self.publisher.admit(key, book.join(key, sizes), group) == bool(sizes or was_open)

    @precondition(lambda self: len(self.flying) < 3)
    @rule()
    def send(self) -> None:
        """A wave goes out, if there is one."""
        eligible = self.eligible()
        announced = self.publisher.ready_at(self.now)
        wave = self.publisher.next_wave(self.now)
        assert (announced == self.now) == (wave is not None), "ready_at promised otherwise"
        if wave is None:
            assert not self.watches_wire or not eligible, f"stalled: {eligible} may send"
            return
        self.check_bounds(wave)
        if self.watches_wire:
            self.check_heads(wave, eligible)
        self.flying.append(wave)

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 2), fates=Fates)
    def answer(self, which: int, fates: list[str]) -> None:
        """Kinesis stores some records of a wave, refuses others, and says so."""
        wave = self.flying.pop(which % len(self.flying))
        answers = self.write(wave, fates)
        self.settle(wave, answers)

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 2), fates=Fates)
    def lose_answer(self, which: int, fates: list[str]) -> None:
        """Kinesis stores some records of a wave, and the answer is lost."""
        wave = self.flying.pop(which % len(self.flying))
        self.write(wave, fates)
        self.settle(wave, None)

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 2))
    def lose_request(self, which: int) -> None:
        """A wave never gets there."""
        self.settle(self.flying.pop(which % len(self.flying)), None)

    @rule(seconds=st.sampled_from([0.25, 1.0, 5.0]), jitter=st.sampled_from([0.0, 0.5, 1.0]))
    def pass_time(self, seconds: float, jitter: float) -> None:
        """Time moves, and so does chance."""
        self.now += seconds
        self.jitter = jitter

    # -- the books ----------------------------------------------------------------------------------------------------

    def eligible(self) -> set[Hashable]:
        """The lanes that may send now."""
        on_wire = {key for wave in self.flying for key in wave.lanes}
        return {
            key
            for key, book in self.books.items()
            if book.is_open and key not in on_wire and book.not_before <= self.now
        }

    def write(self, wave: Wave, fates: list[str]) -> list[Answer]:
        """What the stream does with a wave: the records are written in turn, or not."""
        answers: list[Answer] = []
        fate_of = [fates[number % MAX_RECORDS] for number in range(len(wave.records))]
        for key, record, fate in zip(wave.lanes, wave.records, fate_of, strict=True):
            if fate == "refuse":
                answers.append(Refused("InternalFailure"))
                continue
            self.written += 1
            self.books[key].stored.append(record.sequence)
            answers.append(Acknowledged("shardId-0", self.written))
        return answers

    def settle(self, wave: Wave, answers: list[Answer] | None) -> None:
        """Hand the answers over, and hold what the publisher makes of them against the books."""
        each: Sequence[Answer | None] = answers if answers is not None else [None] * len(wave.records)
        acknowledged = []
        before = {key: self.books[key].completed_by(self.books[key].acknowledged) for key in wave.lanes}
        for key, record, answer in zip(wave.lanes, wave.records, each, strict=True):
            book = self.books[key]
            if isinstance(answer, Acknowledged):
                acknowledged.append(record)
                book.acknowledged += 1
                book.refusals = 0
                continue
            book.refusals += 1
            wait_seconds = min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** (book.refusals - 1))
            book.not_before = self.now + self.jitter * wait_seconds

        outcome = self.publisher.settle(wave, answers, self.now)

        for submission in outcome.completed:
            self.check_complete(submission)
        if self.watches_wire:
            assert outcome.acknowledged == acknowledged, "settled: not what was acknowledged"
            assert outcome.refused == [answer for answer in each if isinstance(answer, Refused)], "settled: refused"
            now_complete = [s for key in wave.lanes for s in self.books[key].completed_by(self.books[key].acknowledged)]
            news = [s for s in now_complete if s not in chain.from_iterable(before.values())]
            assert outcome.completed == news, "settled: done"
            assert outcome.violations == [], "settled: sequence numbers rose"

    # -- what must hold -----------------------------------------------------------------------------------------------

    def check_bounds(self, wave: Wave) -> None:
        """A wave fits into one call."""
        size_bytes = sum(record.size_bytes for record in wave.records)
        assert 1 <= len(wave.records) == len(wave.lanes)
        assert len(wave.records) <= MAX_RECORDS, "bounds: too many records"
        assert size_bytes <= MAX_BYTES or len(wave.records) == 1, "bounds: too many bytes"

    def check_heads(self, wave: Wave, eligible: set[Hashable]) -> None:
        """A wave has the heads of lanes that may send, and as many as fit."""
        assert len(set(wave.lanes)) == len(wave.lanes), "wire: two records of a lane in one wave"
        assert set(wave.lanes) <= eligible, "wire: a lane that must wait"
        assert list(wave.records) == [self.books[key].head for key in wave.lanes], "wire: not the head"
        left_over = [self.books[key].head.size_bytes for key in eligible - set(wave.lanes)]
        size_bytes = sum(record.size_bytes for record in wave.records)
        is_full = len(wave.records) == MAX_RECORDS or any(size_bytes + each > MAX_BYTES for each in left_over)
        assert not left_over or is_full, "stalled: lanes left behind though there is room"

    def check_complete(self, submission: Hashable) -> None:
        """A submission is complete, and its message deleted, only when all of it is on the stream."""
        book = next(book for book in self.books.values() if submission in book.ends)
        missing = set(range(book.ends[submission])) - set(book.stored)
        assert not missing, f"lost: submission {submission} counts as complete without {missing}"

    @invariant()
    def first_occurrences_are_in_order(self) -> None:
        """P3: whoever reads the stream and drops repeats sees every lane in order, without a gap."""
        for key, book in self.books.items():
            seen = book.first_occurrences
            assert seen == list(range(len(seen))), f"order: lane {key} is on the stream as {book.stored}"

    @invariant()
    def open_lanes_are_counted(self) -> None:
        """What is in flight is what is not acknowledged."""
        if self.watches_wire:
            assert len(self.publisher) == sum(book.is_open for book in self.books.values())

    def wait_until_ready(self) -> bool:
        """Let time pass until something can be sent; False if nothing ever will."""
        for _ in range(1000):
            ready_at = self.publisher.ready_at(self.now)
            if ready_at is None or ready_at == self.now:
                return ready_at is not None
            assert ready_at > self.now
            self.now = ready_at
        raise AssertionError("stalled: always later, never now")

    def teardown(self) -> None:
        """P1: once the faults stop, everything completes, in no more waves than there are records left."""
        if sys.exc_info()[0] is not None:
            return  # found already; nothing must hide it
        self.jitter = 1.0
        while self.flying:
            self.answer(0, ["store"] * MAX_RECORDS)
        for _ in range(sum(len(book.records) - book.acknowledged for book in self.books.values())):
            if not self.wait_until_ready():
                break
            self.send()
            self.answer(0, ["store"] * MAX_RECORDS)
        assert self.publisher.ready_at(self.now) is None, "stalled: not done in the waves it should take"
        for book in self.books.values():
            for submission in book.ends:
                self.check_complete(submission)
        self.first_occurrences_are_in_order()


class StreamReader(PublisherMachine):
    """The same adversary, looking at the stream only, and at standard queues only: lanes of one submission."""

    watches_wire = False
    has_groups = False


class PacedMachine(PublisherMachine):
    """The same adversary on a stream of several shards, resharded under way: each gets what it takes, and no more."""

    watches_wire = False

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count()
        self.shards: list[Shard] = []
        self.sent: dict[str, list[tuple[float, int]]] = {}
        self.publisher = self.publisher_class(
            lambda: self.jitter, Backoff(FIRST_SECONDS, MOST_SECONDS), MAX_RECORDS, MAX_BYTES, Pacing(pace=PACE)
        )

    @initialize(widths=st.integers(1, 2))
    def know_the_shards(self, widths: int) -> None:
        """The stream's shards are known from the start."""
        self.reshard(widths)

    @rule(widths=st.integers(1, 3))
    def reshard(self, widths: int) -> None:
        """The stream has other shards from now on; a shard that is closed never opens again."""
        number = next(self.numbers)
        self.shards = [Shard(f"shard-{number}-{part}", (part << 128) // widths) for part in range(widths)]
        self.publisher.reshard(self.shards)

    @rule()
    def look_again(self) -> None:
        """Nothing has changed."""
        self.publisher.reshard(self.shards)

    def write(self, wave: Wave, fates: list[str]) -> list[Answer]:
        """Whoever is refused is throttled."""
        throttled: Answer = Refused(THROTTLED)
        return [throttled if isinstance(answer, Refused) else answer for answer in super().write(wave, fates)]

    def check_bounds(self, wave: Wave) -> None:
        """No shard gets more than its rate, and what had added up, in any stretch of time."""
        super().check_bounds(wave)
        for record in wave.records if self.shards else ():
            hash_key = int(md5(record.partition_key.encode()).hexdigest(), 16)  # noqa: S324 - Kinesis's choice
            shard = max((s for s in self.shards if s.first_hash_key <= hash_key), key=lambda s: s.first_hash_key)
            sent = self.sent.setdefault(shard.shard_id, [])
            sent.append((self.now, record.size_bytes))
            for number, (since, _) in enumerate(sent):
                seconds = PACE.burst_seconds + self.now - since
                assert len(sent) - number <= seconds * PACE.records_per_second + 0.01, "pace: too many records"
                before = sum(size_bytes for _, size_bytes in sent[number:-1])
                assert before <= seconds * PACE.bytes_per_second + 0.01, "pace: too many bytes"


# -- publishers that are wrong ----------------------------------------------------------------------------------------


class Wrong(Publisher):
    """What the wrong ones need to meddle with the lanes that may send."""

    def _waiting(self, lanes: Iterable[Lane]) -> None:
        waiting = deque(lanes)
        self._ready.clear()
        if waiting:
            self._ready[ANY_SHARD] = waiting


class SendsTwoOfALane(Wrong):
    """Puts two records of a lane into one call, trusting PutRecords to keep their order; resends what was refused."""

    together: ClassVar[int] = 2

    def next_wave(self, now: float) -> Wave | None:
        """See Publisher."""
        wave = super().next_wave(now)
        if wave is None:
            return None
        first, *others = (self._lanes[key] for key in wave.lanes)
        self._waiting([*others, *self._ready.get(ANY_SHARD, ())])
        batch = list(first.remaining)[: self.together]
        while len(batch) > 1 and sum(record.size_bytes for record in batch) > self._call_size.size_bytes:
            batch.pop()
        return Wave((first.key,) * len(batch), tuple(batch), (first.loads[0].submission,) * len(batch))

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        outcome = Settlement()
        lane = self._lanes[wave.lanes[0]]
        for record, answer in zip(wave.records, answers or repeat(None), strict=False):
            if isinstance(answer, Acknowledged):
                lane.remaining.remove(record)
        if lane.remaining:
            self._rest(lane, now)
        else:
            del self._lanes[lane.key]
            outcome.completed.append(lane.key)
        return outcome


class SendsALaneWhole(SendsTwoOfALane):
    """Sends all of a lane at once and then once more what was refused: what most batching senders do."""

    together = MAX_RECORDS


class ResendsTheSuffix(SendsALaneWhole):
    """Sends all of a lane at once and then again from the first refused record on."""

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        kept: list[Answer] = []
        for answer in answers or ():
            kept.append(answer if all(isinstance(each, Acknowledged) for each in kept) else Refused("NotTheFirst"))
        return super().settle(wave, kept or None, now)


class ForgetsTheWire(Wrong):
    """Lets a lane send its next record while the one before it is still on the wire."""

    def next_wave(self, now: float) -> Wave | None:
        """See Publisher."""
        wave = super().next_wave(now)
        for key in wave.lanes if wave else ():
            lane = self._lanes[key]
            lane.remaining.rotate(-1)
            self._queue(lane)
        return wave

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        del now
        outcome = Settlement()
        for key, record, answer in zip(wave.lanes, wave.records, answers or repeat(None), strict=False):
            lane = self._lanes.get(key)
            if lane is None or not isinstance(answer, Acknowledged) or record not in lane.remaining:
                continue
            lane.remaining.remove(record)
            if not lane.remaining:
                del self._lanes[key]
                self._waiting(each for each in self._ready.get(ANY_SHARD, ()) if each is not lane)
                outcome.completed.append(key)
        return outcome


class AdvancesOnRefusal(Publisher):
    """Counts a refused record as sent: what a sender does that looks at the status of the call only."""

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        return super().settle(wave, answers and [Acknowledged("shardId-0", 0) for _ in answers], now)


class AcknowledgesSilence(Publisher):
    """Takes a call without an answer for one that went well."""

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        return super().settle(wave, answers or [Acknowledged("shardId-0", 0) for _ in wave.lanes], now)


class DropsOnSilence(Publisher):
    """Gives up on the lanes of a call without an answer."""

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        if answers is not None:
            return super().settle(wave, answers, now)
        for key in wave.lanes:
            del self._lanes[key]
        return Settlement()


class HasNoBounds(Publisher):
    """Sends everything there is in one call."""

    def next_wave(self, now: float) -> Wave | None:
        """See Publisher."""
        self._max_records = 10**9
        self._call_size = CallSize(10**9)
        return super().next_wave(now)


class ForgetsALane(Publisher):
    """Loses a lane that was refused for the third time in a row."""

    def _rest(self, lane: Lane, now: float) -> None:
        if lane.refusals < 2:
            super()._rest(lane, now)


class NeverWaits(Publisher):
    """Sends a refused record again at once, which only feeds the throttle."""

    def _rest(self, lane: Lane, now: float) -> None:
        del now
        self._queue(lane)


class OvertakesInTheGroup(Publisher):
    """Lets a submission of a message group pass the one before it."""

    def admit(self, submission: Hashable, records: Sequence[Record], group: Hashable = None) -> bool:
        """See Publisher."""
        waits = super().admit(submission, records, group)
        lane = self._lanes.get(group)
        if lane is not None and len(lane.loads) > 2 and records:
            lane.loads[1], lane.loads[-1] = lane.loads[-1], lane.loads[1]
        return waits


class NeverForgives(Publisher):
    """Goes on waiting longer and longer though records pass."""

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        before = {key: self._lanes[key].refusals for key in wave.lanes}
        outcome = super().settle(wave, answers, now)
        for key, refusals in before.items():
            if key in self._lanes:
                self._lanes[key].refusals = max(refusals, self._lanes[key].refusals)
        return outcome


class OneRefusalStopsAll(Publisher):
    """Lets everybody wait for the lane that was refused."""

    def next_wave(self, now: float) -> Wave | None:
        """See Publisher."""
        return None if self._resting and self._resting[0][0] > now else super().next_wave(now)

    def ready_at(self, now: float) -> float | None:
        """See Publisher."""
        return max(now, self._resting[0][0]) if self._resting else super().ready_at(now)


class IgnoresThePace(Publisher):
    """Knows the shards and sends as if they took everything."""

    def reshard(self, shards: Sequence[Shard]) -> None:
        """See Publisher."""


class WaitsForAFullShard(Publisher):
    """Sends nothing as long as some shard has no room."""

    def next_wave(self, now: float) -> Wave | None:
        """See Publisher."""
        return None if self.paced(now) else super().next_wave(now)


# -- the tests --------------------------------------------------------------------------------------------------------


def run(machine: type[PublisherMachine], publisher: type[Publisher], examples: int, phases: Sequence[Phase]) -> None:
    """Let the adversary loose on a publisher."""

    class Machine(machine):  # type: ignore[valid-type,misc]  # a class made for this run
        publisher_class = publisher

    play(Machine, examples, 30, phases)


@examples(100, 600)
def test_order_under_any_failure(examples: int) -> None:
    """No refusal, lost answer, delay or interleaving brings the stream out of order, loses a record or stalls."""
    run(PublisherMachine, Publisher, examples, [Phase.generate, Phase.shrink])


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (SendsTwoOfALane, "order:"),
        (ForgetsTheWire, "order:"),
        (AdvancesOnRefusal, "order:|lost:"),
        (AcknowledgesSilence, "order:|lost:"),
        (DropsOnSilence, "lost:"),
        (SendsALaneWhole, "order:"),
        (ResendsTheSuffix, "order:"),
        (ForgetsALane, "lost:|stalled:"),
        (HasNoBounds, "bounds:"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_stream_shows_a_broken_publisher(broken: type[Publisher], found: str) -> None:
    """Each way in which batching senders lose order or records is found, by looking at nothing but the stream."""
    with pytest.raises(AssertionError, match=f"^({found})"):
        run(StreamReader, broken, 3000, [Phase.generate])


def test_overtaking_in_a_message_group_is_found() -> None:
    """A submission of a FIFO queue that passes the one before it is found."""
    with pytest.raises(AssertionError, match=r"^(order:|lost:|wire:)"):
        run(PublisherMachine, OvertakesInTheGroup, 3000, [Phase.generate])


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (SendsTwoOfALane, "wire:|stalled:"),
        (ForgetsTheWire, "wire:"),
        (NeverWaits, "wire: a lane that must wait"),
        (NeverForgives, "stalled:"),
        (OneRefusalStopsAll, "stalled:"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_wire_shows_a_careless_publisher(broken: type[Publisher], found: str) -> None:
    """Two records of a lane on the wire, a wait not kept and a wait for nothing are found on the wire."""
    with pytest.raises(AssertionError, match=f"^({found})"):
        run(PublisherMachine, broken, 3000, [Phase.generate])


@examples(100, 600)
def test_no_shard_gets_more_than_it_takes(examples: int) -> None:
    """Each shard gets its rate and no more, through refusals and reshards; what can be sent is sent, all in order."""
    run(PacedMachine, Publisher, examples, [Phase.generate, Phase.shrink])


@pytest.mark.parametrize(
    ("broken", "found"),
    [(IgnoresThePace, "pace:"), (WaitsForAFullShard, "ready_at|stalled:")],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_publisher_without_pace_is_found(broken: type[Publisher], found: str) -> None:
    """A publisher that floods a shard, or lets all wait for a full one, is found."""
    with pytest.raises(AssertionError, match=f"^({found})"):
        run(PacedMachine, broken, 3000, [Phase.generate])
