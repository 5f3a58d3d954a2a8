"""Several deliveries into one lake, model-checked: killed at any step, begun at any moment, calls that fail or hang.

P8: whatever is sent is in raw and in the table once. The lake and the warehouse outlive every process; a delivery knows
what is in them and nothing else. Any call to the lake may be the last of its process, may fail with or without effect,
and may take so long that another delivery begins and works meanwhile.
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, ClassVar

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from event_processor.consuming.ports import Origin
from event_processor.consuming.records import Batch, Position, StreamRecord
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Judge, Refused
from event_processor.contracts.streams import Stream, Template
from event_processor.errors import CallFailed, Superseded
from event_processor.lake.compacting import Compacting
from event_processor.lake.delivery import Delivery, Terms
from event_processor.lake.gathering import Gathering
from event_processor.lake.layout import entry_number, log_folder
from event_processor.lake.loader import Loader
from event_processor.lake.log import RangeLog, _Shard
from event_processor.lake.ports import Files, LoadOutcome, Row, Typing, Warehouse
from event_processor.lake.ranges import LakeFile, LogEntry, digest
from event_processor.lake.raw import record_of
from event_processor.lake.revisions import Revisions
from event_processor.lake.storing import Closed, Storing
from event_processor.lake.sweeping import sweep
from event_processor.lake.verifying import shards_of
from event_processor.testing import ManualClock, RecordingObserver
from tests.inspecting import MemoryContracts, contract, page
from tests.lengths import examples
from tests.property.machines import play
from tests.warehouses import MemoryFiles

STREAM = Stream("segment", Template.parse("{type}/{event|name}"), table=Template.parse("tracking.pages"))
SHARDS = ("shardId-0", "shardId-1")
KINDS = ("killed before", "killed after", "failed", "answer lost", "hangs")
PAYLOADS = (page(age=1), page("Late"), page(age="old"), b"\xff\n", b'{"type":\n"page"}')


class Killed(BaseException):
    """The process is gone in the middle of a call."""


class Lake(MemoryFiles):
    """What is in the lake, and what is to happen at the calls to come, if anything."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[tuple[int, str, Callable[[], None]]] = []

    def call(self, action: Callable[[], Any]) -> Any:
        """One call of a process."""
        self.plans = [(number - 1, kind, meanwhile) for number, kind, meanwhile in self.plans]
        due = [plan for plan in self.plans if plan[0] <= 0]
        self.plans = [plan for plan in self.plans if plan[0] > 0]
        kinds = {kind for _, kind, _ in due}
        for _, _, meanwhile in due:
            meanwhile()
        if "killed before" in kinds:
            raise Killed
        if "failed" in kinds:
            raise CallFailed("lake", "SlowDown", "not now")
        result = action()
        if "killed after" in kinds:
            raise Killed
        if "answer lost" in kinds:
            raise CallFailed("lake", "Timeout", "no answer")
        return result


class Seen:
    """The lake as one process has it."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._lake, name)

        def call(*arguments: Any) -> Any:
            result = self._lake.call(lambda: method(*arguments))
            return iter(list(result)) if name == "names" else result

        return call


class Numbers(Typing):
    """Rows are sequence numbers."""

    def row(self, shard: str, record: StreamRecord, accepted: Accepted, contracts: ContractSet) -> Row | Refused:  # noqa: ARG002
        """See Typing."""
        return Row("tracking.pages", record.sequence)

    def parquet(self, table: str, rows: Sequence[Row], contracts: ContractSet) -> bytes:  # noqa: ARG002
        """See Typing."""
        return json.dumps([row.values for row in rows]).encode()


class Table(Warehouse):
    """Rows by shard, and which ranges are in it. A load may end after any range, and others may load meanwhile."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.rows: list[tuple[str, str]] = []
        self._done: dict[tuple[str, int], LoadOutcome] = {}
        self._firsts: dict[tuple[str, int], str | None] = {}

    def prepare(self, contracts: ContractSet) -> Sequence[Any]:  # noqa: ARG002
        """See Warehouse."""
        return []

    def ask(self, sql: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:  # noqa: ARG002
        """See Warehouse: the oldest range of each shard is all that a loader asks for."""
        oldest = {shard: min(number for name, number in self._done if name == shard) for shard, _ in self._done}
        return (), [(shard, number, self._firsts[shard, number]) for shard, number in oldest.items()]

    def migrate(self) -> None:
        """See Warehouse."""

    def loaded(self, stream: str) -> Mapping[str, int]:  # noqa: ARG002
        """See Warehouse."""
        return {shard: max(number for name, number in self._done if name == shard) for shard, _ in self._done}

    def load(self, entries: Sequence[LogEntry]) -> Sequence[LoadOutcome]:
        """See Warehouse."""
        return [self._lake.call(lambda entry=entry: self._load(entry)) for entry in entries]  # type: ignore[misc]

    def unload(self, entries: Sequence[LogEntry]) -> None:
        """See Warehouse."""

    def load_rejects(self) -> int:
        """See Warehouse."""
        return 0

    def close(self) -> None:
        """See Warehouse."""

    def _load(self, entry: LogEntry) -> LoadOutcome:
        key = entry.shard, entry.number
        if key not in self._done:  # what it loads must be there still
            rows = [(entry.shard, row) for file in entry.typed() for row in json.loads(self._lake.content[file.name])]
            self.rows += rows
            self._done[key], self._firsts[key] = LoadOutcome(len(rows), 0, 0), entry.first
        return self._done[key]


class Crew(Executor):
    """Runs what is submitted when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **_: Any) -> "Future[Any]":
        """See Executor."""
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: call(*arguments)))
        return future

    def work(self) -> None:
        """Run what came first. What kills the process goes through."""
        if not self.waiting:
            return
        future, call = self.waiting.pop(0)
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)


class Reading:
    """See consuming.ports.Reading: from the positions that the log has."""

    def __init__(self, streams: Mapping[str, list[StreamRecord]], positions: Mapping[str, Position], size: int) -> None:
        self._streams, self._size = streams, size
        self._given = {shard: int(positions[shard].sequence or 0) if shard in positions else 0 for shard in streams}

    def next(self, timeout_seconds: float) -> Batch | None:  # noqa: ARG002
        """See Reading."""
        for shard, records in sorted(self._streams.items(), key=lambda each: self._given[each[0]]):
            found = [record for record in records if int(record.sequence) > self._given[shard]][: self._size]
            if found:
                self._given[shard] = int(found[-1].sequence)
                return Batch(shard, found, 0, 1)
        return None

    def done(self, batch: Batch) -> None:
        """See Reading."""

    def stop(self) -> None:
        """See Reading."""

    def close(self, seconds: float) -> bool:  # noqa: ARG002
        """See Reading."""
        return True


@dataclass
class Process:
    """One delivery with all it has in memory."""

    log: RangeLog
    crew: Crew
    delivery: Delivery
    loader: Loader
    swept: bool = False
    files: Any = field(default=None)


class LakeMachine(RuleBasedStateMachine):
    """What may happen to a lake."""

    storing: ClassVar[type[Storing]] = Storing
    log: ClassVar[type[RangeLog]] = RangeLog
    compacting: ClassVar[type[Compacting]] = Compacting
    most_processes: ClassVar[int] = 3

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.lake = Lake()
        self.table = Table(self.lake)
        self.contracts = MemoryContracts(self.clock, contract("page/Home"))
        self.streams: dict[str, list[StreamRecord]] = {shard: [] for shard in SHARDS}
        self.processes: list[Process] = []
        self.ended: list[BaseException] = []

    # -- what may happen ----------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """One delivery is there."""
        self.start(2)

    @rule(shard=st.sampled_from(SHARDS), payloads=st.lists(st.sampled_from(PAYLOADS), min_size=1, max_size=5))
    def send(self, shard: str, payloads: list[bytes]) -> None:
        """Records come onto the stream."""
        records = self.streams[shard]
        for data in payloads:
            records.append(StreamRecord(str(len(records) + 1), "key", self.clock.now(), data))

    @rule(seconds=st.sampled_from([0.5, 4.0, 11.0, 3700.0, 90_000.0]))
    def wait(self, seconds: float) -> None:
        """Time goes by, and the registry is read."""
        self.clock.advance(seconds)
        self.contracts.read()

    @rule()
    def publish(self) -> None:
        """Another contract counts from now on."""
        self.contracts.publish(contract("page/Late"))

    @precondition(lambda self: len(self.processes) < self.most_processes)
    @rule(size=st.integers(1, 4))
    def start(self, size: int) -> None:
        """One more delivery begins, whatever others there are."""
        self._attempt(None, lambda: self.processes.append(self._process(size)))

    @rule(who=st.integers(0, 2), turns=st.integers(1, 3))
    def work(self, who: int, turns: int) -> None:
        """A delivery makes some turns, and the threads that store do something."""
        for _ in range(turns):
            self._step(who, lambda process: process.delivery.turn())
            self._step(who, lambda process: process.crew.work())

    @rule(who=st.integers(0, 2))
    def turn(self, who: int) -> None:
        """A delivery makes a turn while the threads that store hang."""
        self._step(who, lambda process: process.delivery.turn())

    @rule(who=st.integers(0, 2))
    def load(self, who: int) -> None:
        """A delivery loads what there is."""
        self._step(who, lambda process: process.loader.turn())

    @rule(who=st.integers(0, 2))
    def sweep(self, who: int) -> None:
        """A delivery sweeps."""
        self._step(who, self._sweep)

    @rule()
    def compact(self) -> None:
        """Somebody compacts the lake."""
        self._attempt(None, lambda: self._compact(Seen(self.lake)))

    @rule(who=st.integers(0, 2))
    def kill(self, who: int) -> None:
        """A process is gone."""
        if who < len(self.processes):
            self.processes.pop(who)

    @rule(
        calls=st.integers(1, 8),
        kind=st.sampled_from(KINDS),
        meanwhile=st.booleans(),
    )
    def plan(self, calls: int, kind: str, meanwhile: bool) -> None:
        """Something will happen at one of the next calls; meanwhile another delivery may begin and work."""
        self.lake.plans.append((calls, kind, self._other_begins if meanwhile else lambda: None))

    # -- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def the_log_is_right(self) -> None:
        """Numbers and chain without gaps, one writer after another, and the ranges are the shard's records in order."""
        for shard in SHARDS:
            logged: list[StreamRecord] = []
            before, epoch = None, 0
            now = self._files_of_now(shard)
            for number, (entry, content) in enumerate(self._entries(shard), 1):
                assert (entry.number, entry.predecessor) == (number, before)
                assert entry.delivery >= epoch
                assert entry.opening or entry.delivery == epoch, "who writes has opened the shard"
                before, epoch = digest(content), entry.delivery
                logged += self._records(entry, *now[number])
                assert entry.last == (logged[-1].sequence if logged else None)
            assert logged == self.streams[shard][: len(logged)]

    @invariant()
    def the_table_is_right(self) -> None:
        """No row is there twice, and none that is not valid or not in the log."""
        assert max(Counter(self.table.rows).values(), default=1) == 1

    def teardown(self) -> None:
        """Whatever has happened: one delivery more, and all is in raw and in the table once, and nothing else is."""
        self.lake.plans.clear()
        self.processes = []
        process = self._process(4)
        sweep(process.files, process.log, STREAM.name, self.clock, RecordingObserver())
        for _ in range(200):
            self.clock.advance(3)
            self.contracts.read()
            process.delivery.turn()
            while process.crew.waiting:
                process.crew.work()
            process.loader.turn()
        assert not process.delivery.unfinished
        assert not process.loader.left
        self.the_log_is_right()
        for _ in range(2):
            self.clock.advance(90_000)
            self._compact(process.files)
        self.the_log_is_right()
        named = [name for shard in SHARDS for name in self._named(shard)]
        there = {name for name in self.lake.content if name.startswith(("raw/", "typed/", "rejects/"))}
        assert len(set(named)) == len(named)
        assert there == set(named), "what no entry names is swept"
        rows = {(shard, row) for shard in SHARDS for row in self._rows(shard)}
        assert set(self.table.rows) == rows
        for shard in SHARDS:
            assert sum(entry.records for entry, _ in self._entries(shard)) == len(self.streams[shard])
        assert all(isinstance(error, (Killed, Superseded)) for error in self.ended)

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _process(self, size: int) -> Process:
        seen: Files = Seen(self.lake)
        observer, crew = RecordingObserver(), Crew()
        log = self.log(seen, STREAM.name, self.clock)
        log.begin(Origin(self.clock.now(), None))
        loader = Loader(self.table, {STREAM.name: log}, self.contracts, self.clock, observer)
        delivery = Delivery(
            reader=Reading(self.streams, log.read(), size),
            gathering=Gathering(STREAM.name, Judge(STREAM), Numbers(), observer),
            contracts=self.contracts,
            storing=self.storing(seen, log, Numbers(), crew, self.clock),
            logged=loader.logged,
            terms=Terms(STREAM.name, 10.0, 300),
            clock=self.clock,
            observer=observer,
        )
        return Process(log, crew, delivery, loader, files=seen)

    def _step(self, who: int, step: Callable[[Process], Any]) -> None:
        if who < len(self.processes):
            process = self.processes[who]
            self._attempt(process, lambda: step(process))

    def _attempt(self, process: Process | None, step: Callable[[], Any]) -> None:
        try:
            step()
        except CallFailed:
            pass  # whoever starts a delivery, or sweeps, tries again
        except (Killed, Superseded) as error:
            self.ended.append(error)
            if process in self.processes:
                self.processes.remove(process)

    def _other_begins(self) -> None:
        """In the middle of a call of another one."""

        def begin() -> None:
            process = self._process(3)
            self.processes.append(process)
            for _ in range(3):
                process.delivery.turn()
                process.delivery.flush()
                process.delivery.settle()
                process.crew.work()
            self._compact(process.files)

        if len(self.processes) < self.most_processes:
            self._attempt(None, begin)

    def _sweep(self, process: Process) -> None:
        sweep(process.files, process.log, STREAM.name, self.clock, RecordingObserver())

    def _entries(self, shard: str) -> Iterator[tuple[LogEntry, bytes]]:
        for name in self.lake.names(f"log/{STREAM.name}/{shard}/"):
            content = self.lake.content[name]
            yield LogEntry.read(content), content

    def _compact(self, files: Files) -> None:
        compacting = self.compacting(files, _merged, self.clock, lambda finding: pytest.fail(str(finding)))
        for shard, newest in sorted(shards_of(files, STREAM.name).items()):
            compacting.shard(STREAM.name, shard, newest, self.table.loaded(STREAM.name).get(shard, 0))

    def _files_of_now(self, shard: str) -> dict[int, tuple[list[bytes], list[str]]]:
        """The raw files of each entry, and the rows of its typed ones, wherever they are now."""
        entries = {entry.number: entry for entry, _ in self._entries(shard)}
        found: dict[int, tuple[list[bytes], list[str]]] = {}
        for entry in entries.values():
            for part in entry.compaction.parts if entry.compaction else ():
                assert part.number not in found, "a range is compacted once"
                of, files = entries[part.number], {file.kind: self._content(file) for file in entry.compaction.files}  # type: ignore[union-attr]
                (raw,) = [file for file in of.files if file.kind == "raw"]
                piece = files["raw"][part.at : part.at + raw.bytes]
                assert digest(piece) == raw.sha256
                rows = json.loads(files.get("typed", b"[]"))
                found[of.number] = [piece], [row for row in rows if int(of.first or 0) <= int(row) <= int(of.last or 0)]
        for entry in entries.values():
            if entry.number not in found:
                raws = [self._content(file) for file in entry.files if file.kind == "raw"]
                found[entry.number] = raws, [row for file in entry.typed() for row in json.loads(self._content(file))]
        return found

    def _content(self, file: LakeFile) -> bytes:
        content = self.lake.content[file.name]
        assert (digest(content), len(content)) == (file.sha256, file.bytes)
        return content

    def _named(self, shard: str) -> Iterator[str]:
        """The files that have to be there a day after all was compacted."""
        entries = [entry for entry, _ in self._entries(shard)]
        compactions = [entry.compaction for entry in entries if entry.compaction]
        compacted = {part.number for compaction in compactions for part in compaction.parts}
        yield from (file.name for compaction in compactions for file in compaction.files)
        for entry in entries:
            yield from (f.name for f in entry.files if f.kind == "rejects" or entry.number not in compacted)

    def _records(self, entry: LogEntry, raws: list[bytes], rows: list[str]) -> list[StreamRecord]:
        """What the raw file of an entry has; its hours and numbers are those of the entry."""
        records = [record_of(line) for raw in raws for line in _lines(raw)]
        assert len(records) == entry.records == entry.rows + entry.rejects
        rejects = [self.lake.content[file.name] for file in entry.files if file.kind == "rejects"]
        assert sum(map(len, map(_lines, rejects))) == entry.rejects
        assert len(rows) == entry.rows
        assert len({record.arrived.replace(minute=0, second=0, microsecond=0) for record in records}) <= 1
        return records

    def _rows(self, shard: str) -> Iterator[str]:
        for _, rows in self._files_of_now(shard).values():
            yield from rows


def _merged(contents: Sequence[bytes]) -> tuple[bytes, int]:
    rows = [row for content in contents for row in json.loads(content)]
    return json.dumps(rows).encode(), len(rows)


def _lines(content: bytes) -> list[bytes]:
    return [line + b"\n" for line in gzip.decompress(content).split(b"\n") if line]


@examples(40, 600)
def test_once_in_raw_and_in_the_table(examples: int) -> None:
    """Whatever is killed, fails, hangs or begins at whatever moment, in the end all is in raw and in the table once."""
    play(LakeMachine, examples, 40, (Phase.generate,))


class LogsFirst(Storing):
    """The entry before the files that it names."""

    def _store(self, closed: Closed) -> LogEntry:
        super_files, self._files = self._files, _Nowhere()
        try:
            entry = super()._store(closed)
        finally:
            self._files = super_files
        for name, content in closed.contents.items():
            self._files.put(name, content)
        return entry


class _Nowhere(MemoryFiles):
    """Takes files, and forgets them."""


class Hasty(Compacting):
    """Removes small files before the log says where their records are."""

    def _replace(self, run: Any, revisions: Revisions, newest: int) -> None:
        for entry in run.entries:
            for name in self._originals(entry.number, revisions):
                self._files.delete(name)
        super()._replace(run, revisions, newest)


class Blind(Compacting):
    """Does not look whether another compaction was faster."""

    def _replace(self, run: Any, revisions: Revisions, newest: int) -> None:
        numbers = map(entry_number, self._files.names(log_folder(STREAM.name, run.entries[0].shard)))
        at = max(filter(None, numbers))
        revisions.newest = revisions.entry(at).newest_revision
        super()._replace(run, revisions, newest)


class NoFence(RangeLog):
    """Believes to have opened what it has only looked at."""

    def _try(self, state: _Shard, draft: LogEntry) -> LogEntry:
        if draft.opening and state.newest:
            state.opening = state.newest.number
            return replace(state.newest, delivery=self.epoch)
        return super()._try(state, draft)


def _meet_everything(machine: type[LakeMachine]) -> None:
    """Each in turn, so that finding a defect is no matter of chance."""
    for calls, kind, meanwhile in product(range(1, 9), KINDS, [False, True]):
        _meet(machine(), calls, kind, meanwhile)
        _meet_a_compaction(machine(), 3 * calls, kind, meanwhile)


def _meet(at_work: LakeMachine, calls: int, kind: str, meanwhile: bool) -> None:
    """One thing happens at one call of a delivery that works; then another one comes, and all must be right."""
    at_work.begin()
    at_work.send(SHARDS[0], [PAYLOADS[0], PAYLOADS[2]])
    at_work.plan(calls, kind, meanwhile)
    for _ in range(4):
        at_work.work(0, 3)
        at_work.wait(11.0)
        at_work.the_log_is_right()
    at_work.send(SHARDS[0], [PAYLOADS[0]])
    at_work.teardown()


def _meet_a_compaction(at_work: LakeMachine, calls: int, kind: str, meanwhile: bool) -> None:
    """The same at one call of a compaction, and of the one that removes small files."""
    at_work.begin()
    for _ in range(3):
        at_work.send(SHARDS[0], [PAYLOADS[0], PAYLOADS[2]])
        for _ in range(3):
            at_work.work(0, 2)
            at_work.wait(11.0)
    at_work.load(0)
    at_work.wait(3700.0)
    at_work.wait(3700.0)
    for _ in range(2):
        at_work.plan(calls, kind, meanwhile)
        at_work.compact()
        at_work.the_log_is_right()
        at_work.lake.plans.clear()
        at_work.wait(90_000.0)
        at_work.the_log_is_right()
    at_work.teardown()


def test_whatever_happens_at_whichever_call() -> None:
    """A kill, a failure or another delivery at each of the first calls: all is in raw and in the table once."""
    _meet_everything(LakeMachine)


@pytest.mark.parametrize(
    "broken",
    [{"storing": LogsFirst}, {"log": NoFence}, {"compacting": Hasty}, {"compacting": Blind}],
    ids=lambda broken: next(iter(broken.values())).__name__,
)
def test_a_broken_delivery_is_found(broken: dict[str, Any]) -> None:
    """A delivery that logs too early, or does not fence, is found by what is in the lake."""
    machine = type("Broken", (LakeMachine,), broken)
    with pytest.raises((AssertionError, KeyError, ValueError)):
        _meet_everything(machine)
