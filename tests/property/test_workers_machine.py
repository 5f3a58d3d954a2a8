"""Several workers on one queue and one stream, model-checked: redelivery, kills, requests that land late, splits."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
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

from event_processor.publishing.lanes import Settlement, Wave
from event_processor.publishing.publisher import Backoff, Publisher
from event_processor.publishing.stream import Acknowledged, Answer, Record, Refused
from tests.lengths import examples
from tests.property.machines import play

WORKERS = 3
MOST_RECORDS = 3
Fates = st.lists(st.sampled_from(["store", "store", "refuse"]), min_size=MOST_RECORDS, max_size=MOST_RECORDS)
Who = st.integers(0, WORKERS - 1)


@dataclass(slots=True)
class Worker:
    """A process: its publisher, and the waves whose answers it waits for."""

    publisher: Publisher
    flying: list[Wave] = field(default_factory=list)
    held: set[int] = field(default_factory=set)


class WorkersMachine(RuleBasedStateMachine):
    """The queue hands out any message that is not deleted at any time, as if every visibility timeout ran out early."""

    publisher_class: ClassVar[type[Publisher]] = Publisher

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.numbers = count(1)
        self.generation = 0
        self.submissions: dict[int, list[Record]] = {}
        self.stored: dict[int, list[int]] = {}
        self.deleted: set[int] = set()
        self.late: list[Wave] = []
        self.workers = [self.new_worker() for _ in range(WORKERS)]

    def new_worker(self) -> Worker:
        """A process just started: it knows nothing."""
        return Worker(self.publisher_class(lambda: 1.0, Backoff(1.0, 2.0), MOST_RECORDS))

    # -- what may happen ----------------------------------------------------------------------------------------------

    @initialize(sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4))
    def begin(self, sizes: list[int]) -> None:
        """Some submissions are on the queue."""
        for key, size in enumerate(sizes):
            self.submissions[key] = [Record(str(key), b"{}", "new_process", number) for number in range(size)]
            self.stored[key] = []

    @rule(who=Who, which=st.integers(0, 3))
    def deliver(self, who: int, which: int) -> None:
        """A worker receives a message that others may have in hand; one that it has itself it does not do twice."""
        key = which % len(self.submissions)
        worker = self.workers[who]
        if key not in self.deleted and key not in worker.held:
            worker.held.add(key)
            worker.publisher.admit(key, self.submissions[key])

    @rule(who=Who)
    def send(self, who: int) -> None:
        """A worker sends a wave, with one record of a submission at most."""
        wave = self.workers[who].publisher.next_wave(self.now)
        if wave is not None:
            assert len(set(wave.lanes)) == len(wave.lanes)
            assert not {key for other in self.workers[who].flying for key in other.lanes} & set(wave.lanes)
            self.workers[who].flying.append(wave)

    @rule(who=Who, which=st.integers(0, 2), fates=Fates)
    def answer(self, who: int, which: int, fates: list[str]) -> None:
        """The stream takes some records of a wave, refuses others, and answers."""
        worker = self.workers[who]
        if worker.flying:
            wave = worker.flying.pop(which % len(worker.flying))
            self.settle(worker, wave, self.write(wave, fates))

    @rule(who=Who, which=st.integers(0, 2), fates=Fates, lands=st.sampled_from(["at once", "late", "never"]))
    def time_out(self, who: int, which: int, fates: list[str], lands: str) -> None:
        """A worker gives up waiting for an answer; the request was stored, will be stored some day, or is gone."""
        worker = self.workers[who]
        if worker.flying:
            wave = worker.flying.pop(which % len(worker.flying))
            if lands == "at once":
                self.write(wave, fates)
            elif lands == "late":
                self.late.append(wave)
            self.settle(worker, wave, None)

    @rule(who=Who, lands_late=st.booleans())
    def kill(self, who: int, lands_late: bool) -> None:
        """SIGKILL and restart; what the worker had on the wire may still land."""
        self.late += self.workers[who].flying if lands_late else []
        self.workers[who] = self.new_worker()

    @precondition(lambda self: self.late)
    @rule(which=st.integers(0, 5), fates=Fates)
    def land(self, which: int, fates: list[str]) -> None:
        """A request that nobody waits for any more reaches the stream."""
        self.write(self.late.pop(which % len(self.late)), fates)

    @rule()
    def split(self) -> None:
        """All shards are replaced by children."""
        self.generation += 1

    @rule(seconds=st.sampled_from([0.5, 2.0]))
    def pass_time(self, seconds: float) -> None:
        """Lanes that pause may go on."""
        self.now += seconds

    # -- the stream and the queue -------------------------------------------------------------------------------------

    def write(self, wave: Wave, fates: list[str]) -> list[Answer]:
        """Store what is not refused; a reader of parents before children sees it in this order."""
        answers: list[Answer] = []
        for number, (key, record) in enumerate(zip(wave.lanes, wave.records, strict=True)):
            if fates[number % len(fates)] == "refuse":
                answers.append(Refused("InternalFailure"))
                continue
            assert isinstance(key, int)
            self.stored[key].append(record.sequence)
            answers.append(Acknowledged(f"shard-{self.generation}", next(self.numbers)))
        return answers

    def settle(self, worker: Worker, wave: Wave, answers: list[Answer] | None) -> None:
        """Tell the worker; it deletes what is complete, and only that."""
        outcome = worker.publisher.settle(wave, answers, self.now)
        assert outcome.violations == []
        for key in outcome.completed:
            assert isinstance(key, int)
            assert set(self.stored[key]) == set(range(len(self.submissions[key]))), "lost: deleted before all is stored"
            self.deleted.add(key)
            worker.held.discard(key)

    @invariant()
    def first_occurrences_are_in_order(self) -> None:
        """P3, across workers, kills, late requests and splits."""
        for stored in self.stored.values():
            seen = list(dict.fromkeys(stored))
            assert seen == list(range(len(seen))), f"order: on the stream as {stored}"

    def teardown(self) -> None:
        """P1: when the faults stop, one worker finishes everything, in a bounded number of waves."""
        if sys.exc_info()[0] is not None:
            return  # found already; nothing must hide it
        self.workers = [self.new_worker()]
        for key in set(self.submissions) - self.deleted:
            self.deliver(0, key)
        for _ in range(sum(map(len, self.submissions.values()))):
            self.send(0)
            self.answer(0, 0, ["store"])
        assert self.deleted == set(self.submissions), "stalled: not done in the waves it should take"
        self.first_occurrences_are_in_order()


# -- workers that are wrong -------------------------------------------------------------------------------------------


class AdvancesOnRefusal(Publisher):
    """Goes on to the next record though Kinesis refused this one."""

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        return super().settle(wave, answers and [Acknowledged("shard-0", next(_RISING)) for _ in answers], now)


class AdvancesOnSilence(Publisher):
    """Takes a call that brought no answer for one that went well."""

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        return super().settle(wave, answers or [Acknowledged("shard-0", next(_RISING)) for _ in wave.lanes], now)


class DeletesEarly(Publisher):
    """Deletes the message when the last record is all that is left, before its acknowledgement."""

    def settle(self, wave: Wave, answers: Sequence[Answer] | None, now: float) -> Settlement:
        """See Publisher."""
        outcome = super().settle(wave, answers, now)
        outcome.completed = [
            key for key in wave.lanes if key not in self._lanes or len(self._lanes[key].remaining) == 1
        ]
        return outcome


_RISING = count(10**6)


# -- the tests --------------------------------------------------------------------------------------------------------


def run(publisher: type[Publisher], examples: int, phases: Sequence[Phase]) -> None:
    """Let several workers with such a publisher loose on a queue."""

    class Machine(WorkersMachine):
        publisher_class = publisher

    play(Machine, examples, 40, phases)


@examples(60, 600)
def test_several_workers_lose_and_reorder_nothing(examples: int) -> None:
    """Nothing is lost or out of order, whoever else works on the same submissions, dies, or comes late."""
    run(Publisher, examples, [Phase.generate, Phase.shrink])


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        pytest.param(AdvancesOnRefusal, "order:|lost:", marks=pytest.mark.prove),  # takes long to be found
        pytest.param(AdvancesOnSilence, "order:|lost:", marks=pytest.mark.prove),
        (DeletesEarly, "lost:"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_worker_is_found(broken: type[Publisher], found: str) -> None:
    """A worker that goes on too early or deletes too early is found, by what is on the stream."""
    with pytest.raises(AssertionError, match=f"^({found})"):
        run(broken, 3000, [Phase.generate])  # ends with the first that is found
