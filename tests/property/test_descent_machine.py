"""A reader of one stream, model-checked: splits, merges, crashes, batches done in any order, a store that fails."""

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import ClassVar

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from event_processor.consuming.descent import Descent, Turn
from event_processor.consuming.limits import ReadingLimits
from event_processor.consuming.ports import Origin
from event_processor.consuming.progress import Progress
from event_processor.consuming.records import Batch, Page, Position, Shard, StreamRecord
from event_processor.consuming.turns import Turns
from tests.lengths import examples
from tests.property.machines import play

START = datetime(2026, 1, 2, tzinfo=UTC)
RETENTION = timedelta(days=1)
LIMITS = ReadingLimits()
Which = st.integers(0, 5)


@dataclass
class Model:
    """A shard as the stream holds it: the numbers of its records, of keys that are its leaf of the tree of shards."""

    parents: tuple[str, ...]
    is_open: bool = True
    records: list[int] = field(default_factory=list)


class DescentMachine(RuleBasedStateMachine):
    """The stream, the checkpoint store and the consumer are the test's; what decides is the real one."""

    descent_class: ClassVar[type[Descent]] = Descent

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.numbers = count(1)
        self.stream: dict[str, Model] = {"0": Model(()), "1": Model(())}
        self.store: dict[str, Position] = {}
        self.safe: set[int] = set()
        self.start()

    def start(self) -> None:
        """A process just started: it knows what the store says."""
        self.descent = self.descent_class(Origin(START, None), dict(self.store), Turns(2.0, lambda: 0.5), LIMITS)
        self.flying: list[Turn] = []
        self.handed: list[Batch] = []
        self.seen: dict[str, list[int]] = defaultdict(list)
        self.look()

    def today(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=self.now)

    # -- what may happen ----------------------------------------------------------------------------------------------

    @initialize(records=st.integers(2, 8))
    def begin(self, records: int) -> None:
        """Some records are on the stream."""
        for number in range(records):
            self.put(number)

    @rule(which=Which)
    def put(self, which: int) -> None:
        """A record goes to an open shard."""
        shards = [shard for shard in self.stream.values() if shard.is_open]
        shards[which % len(shards)].records.append(next(self.numbers))

    @rule(which=Which)
    def split(self, which: int) -> None:
        """A shard is closed, two begin."""
        names = [name for name, shard in self.stream.items() if shard.is_open]
        parent = names[which % len(names)]
        self.stream[parent].is_open = False
        for _ in range(2):
            self.stream[str(len(self.stream))] = Model((parent,))

    @rule()
    def merge(self) -> None:
        """Two shards are closed, one begins."""
        names = [name for name, shard in self.stream.items() if shard.is_open][:2]
        if len(names) == 2:
            for name in names:
                self.stream[name].is_open = False
            self.stream[str(len(self.stream))] = Model(tuple(names))

    @rule()
    def look(self) -> None:
        """The shards are listed."""
        shards = [Shard(name, shard.parents) for name, shard in self.stream.items()]
        assert not self.descent.listed(shards, RETENTION, self.now, self.today()), "nothing is gone here"

    @rule(seconds=st.sampled_from([0.3, 1.0, 70.0]))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds

    @rule()
    def ask(self) -> None:
        """A read begins."""
        if (turn := self.descent.next_turn(self.now)) is not None:
            assert turn.shard_id not in {other.shard_id for other in self.flying}, "one read of a shard at a time"
            for parent in self.stream[turn.shard_id].parents:
                assert self.store[parent].ended, "a child is read only behind the checkpoint of its parents' ends"
                assert set(self.stream[parent].records) <= self.safe
            self.flying.append(turn)

    @rule(which=Which, most=st.integers(0, 3))
    def answer(self, which: int, most: int) -> None:
        """A read comes back with some records, or none though there are some."""
        if not self.flying:
            return
        turn = self.flying.pop(which % len(self.flying))
        shard = self.stream[turn.shard_id]
        after = int(turn.iterator if turn.iterator is not None else turn.after or 0)
        found = [number for number in shard.records if number > after][:most]
        end = found[-1] if found else after
        is_end = not shard.is_open and end >= (shard.records[-1] if shard.records else 0)
        records = [StreamRecord(str(number), "key", self.today(), b"") for number in found]
        page = Page(records, len(records), 0, None if is_end else str(end))
        batch, _ = self.descent.took(turn.shard_id, page, self.now, self.today())
        if batch is not None:
            self.handed.append(batch)
            self.seen[turn.shard_id] += found

    @rule(which=Which)
    def read_on(self, which: int) -> None:
        """A read in one go, so that there is something to be done in another order."""
        self.wait(1.0)
        self.ask()
        self.answer(which, 1)

    @rule(which=Which, how=st.sampled_from(["rests", "expired", "missing"]))
    def fail(self, which: int, how: str) -> None:
        """A read does not work."""
        if self.flying:
            turn = self.flying.pop(which % len(self.flying))
            getattr(self.descent, how)(turn.shard_id, self.now)

    @rule(which=Which, twice=st.booleans())
    def finish(self, which: int, twice: bool) -> None:
        """The consumer is done with a batch, in any order."""
        if self.handed:
            batch = self.handed.pop(which % len(self.handed))
            self.safe |= {int(record.sequence) for record in batch.records}
            for _ in range(1 + twice):
                self.descent.done(batch, self.now)

    @rule(fate=st.sampled_from(["written", "written", "answer lost", "failed"]))
    def keep(self, fate: str) -> None:
        """The checkpoints that are due are written, as far as the store goes along."""
        for name, position in self.descent.checkpoints(self.now):
            found = self.store.get(name)
            if fate != "failed" and (found is None or found.rank < position.rank):
                self.store[name] = position
            if fate != "written":
                return
            assert not self.descent.wrote(name, position, found, self.now), "there is no other reader"

    @rule(dies=st.integers(0, 4))
    def crash(self, dies: int) -> None:
        """SIGKILL, and a new process; now and then, so that a process gets somewhere."""
        if dies == 0:
            self.start()

    # -- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def order_within_a_shard(self) -> None:
        """What one process hands out of a shard rises, and leaves out nothing behind its checkpoint."""
        for name, numbers in self.seen.items():
            records = self.stream[name].records
            start = records.index(numbers[0]) if numbers else 0
            assert numbers == records[start : start + len(numbers)]

    @invariant()
    def nothing_is_lost(self) -> None:
        """The store never says more than is safe."""
        for name, position in self.store.items():
            records = self.stream[name].records
            covered = records if position.ended else [n for n in records if n <= int(position.sequence or 0)]
            assert set(covered) <= self.safe

    @invariant()
    def memory_is_bounded(self) -> None:
        """No more reads and batches than there is room for."""
        handed = sum(len(batch.records) for batch in self.handed)
        assert sum(turn.room_bytes for turn in self.flying) + handed <= LIMITS.max_bytes

    def teardown(self) -> None:
        """Left alone, everything is read, done and kept."""
        if sys.exc_info()[0] is not None:
            return  # found already; nothing must hide it
        while self.flying:
            self.answer(0, 3)
        for _ in range(6 * len(self.stream) + sum(len(shard.records) for shard in self.stream.values())):
            self.now += 70.0
            self.look()
            while self.handed:
                self.finish(0, twice=False)
            self.ask()
            self.answer(0, 3)
            self.keep("written")
        assert set().union(*(shard.records for shard in self.stream.values())) == self.safe


@examples(40, 600)
def test_nothing_is_lost_and_order_holds_within_a_shard(examples: int) -> None:
    """Whatever happens to reader, stream and store, in any order: at least once, in order, children after parents."""
    play(DescentMachine, examples, 60, [Phase.generate, Phase.shrink])


class _ChildrenAtOnce(Descent):
    def _is_over(self, parent: str) -> bool:
        return parent not in self._shards or self._progress[parent].read.ended


class _AheadOfDone(Descent):
    def took(self, shard_id: str, page: Page, started: float, asked_at: datetime) -> tuple[Batch | None, None]:
        batch, _ = super().took(shard_id, page, started, asked_at)
        self._progress[shard_id].done = self._progress[shard_id].read
        return batch, None


class _AnyOrder(Descent):
    def done(self, batch: Batch, now: float) -> None:
        progress: Progress = self._progress[batch.shard]
        for each in progress._out:
            if each.batch is batch:
                progress.done = each.end
        super().done(batch, now)


class _SkipsWhatExpired(Descent):
    def expired(self, shard_id: str, now: float) -> None:
        progress = self._progress[shard_id]
        progress.read = progress.read._replace(sequence=str(int(progress.read.sequence or 0) + 1))
        super().expired(shard_id, now)


@pytest.mark.parametrize(
    "broken",
    [
        _ChildrenAtOnce,
        _AheadOfDone,
        pytest.param(_AnyOrder, marks=pytest.mark.prove),  # takes long to be found
        pytest.param(_SkipsWhatExpired, marks=pytest.mark.prove),
    ],
)
def test_machine_notices(broken: type[Descent]) -> None:
    """A descent that is broken on purpose does not pass: the machine above can fail."""
    machine = type("Broken", (DescentMachine,), {"descent_class": broken})
    with pytest.raises((AssertionError, KeyError)):
        play(machine, examples=400, steps=60, phases=[Phase.generate])
