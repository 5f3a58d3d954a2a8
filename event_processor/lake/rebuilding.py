"""The rows of a warehouse made again from raw, range by range; nothing of the lake changes."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from heapq import merge
from typing import NamedTuple

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed
from event_processor.lake.amending import is_wanted, note_moved
from event_processor.lake.findings import records_in
from event_processor.lake.judging_again import REBUILT, read_contracts, rejudged
from event_processor.lake.layout import contracts_name
from event_processor.lake.ports import Files, Typing, Warehouse
from event_processor.lake.ranges import LogEntry
from event_processor.lake.revisions import Revisions

_AT_ONCE = 16


class Rebuilt(NamedTuple):
    """How many ranges and records were judged again, and what became of them."""

    ranges: int = 0
    records: int = 0
    rows: int = 0
    repeats: int = 0
    conflicts: int = 0
    rejects: int = 0


class Rebuilding:
    """For one warehouse. Raises CallFailed; what is unloaded then is loaded by the next rebuild, or by delivery."""

    def __init__(
        self, files: Files, warehouse: Warehouse, live: ContractSet, typing: Callable[[Stream], Typing]
    ) -> None:
        self._files, self._warehouse, self._live, self._typing = files, warehouse, live, typing
        self._sets: dict[int, ContractSet] = {}
        self._revisions: dict[str, Revisions] = {}
        warehouse.prepare(live)

    def prepare(self, streams: Collection[str]) -> None:
        """Make an empty warehouse ready for what earlier contracts passed, too: no value where one is needed.

        One that has ranges was ready for them, and its tables change by `lake migrate` only.
        """
        if any(self._warehouse.loaded(stream) for stream in streams):
            return
        for name in list(self._files.names("contracts/")):
            earlier = read_contracts(self._files.get(name), 0, self._live.read_at)
            for contracts in (earlier, self._live):
                if self._warehouse.prepare(contracts):
                    self._warehouse.migrate()

    def stream(
        self, stream: Stream, shards: Mapping[str, int], since: datetime | None, step: Callable[[], None]
    ) -> Rebuilt:
        """All ranges of a stream with records that arrived since then; `step` for each entry of the log."""
        total, typing, judge = Rebuilt(), self._typing(stream), Judge(stream)
        for name in list(self._files.names(f"{REBUILT}{stream.name}/")):  # of a rebuild that was killed
            self._files.delete(name)
        some: list[LogEntry] = []
        self._revisions = {name: Revisions(self._files, stream.name, name, newest) for name, newest in shards.items()}
        for entry in self._entries(shards, step):
            note_moved(self._files, entry, self._revisions[entry.shard])
            if is_wanted(entry, since):
                some.append(entry)
            if len(some) == _AT_ONCE:
                total = _sum(total, self._range(some, judge, typing))
                some = []
        return _sum(total, self._range(some, judge, typing))

    def _entries(self, shards: Mapping[str, int], step: Callable[[], None]) -> Iterator[LogEntry]:
        """As they were written, so that of two records that contradict each other the same one is the row."""

        def of_shard(shard: str, newest: int) -> Iterator[LogEntry]:
            for number in range(1, newest + 1):
                yield self._revisions[shard].entry(number)
                step()

        return merge(*(of_shard(*each) for each in sorted(shards.items())), key=lambda entry: entry.written)

    def _range(self, entries: list[LogEntry], judge: Judge, typing: Typing) -> Rebuilt:
        found, made = Rebuilt(), []
        for entry in entries:
            records = self._records(entry)
            made.append(rejudged(entry.for_load(), records, judge, typing, self._contracts(entry)))
            count = 0 if entry.amendment else len(records)
            moved = len(records) if entry.amendment else 0
            found = _sum(found, Rebuilt(entry.first is not None, count, rejects=made[-1].rejects - moved))
        for each in made:
            for name, content in each.contents.items():
                self._files.put(name, content)
        there = {each.stream: self._warehouse.loaded(each.stream) for each in entries}
        if any(each.number <= there[each.stream].get(each.shard, 0) for each in entries):
            self._warehouse.unload(entries)
        loadable = [each.entry for each in made if each.contents]
        for outcome in self._warehouse.load(loadable) if loadable else ():
            found = _sum(found, Rebuilt(rows=outcome.rows, repeats=outcome.repeats, conflicts=outcome.conflicts))
        for each in made:
            for name in each.contents:
                self._files.delete(name)
        return found

    def _records(self, entry: LogEntry) -> list[StreamRecord]:
        """Of an amendment those that it moves."""
        revisions = self._revisions[entry.shard]
        if entry.amendment is None:
            return records_in(revisions.raw(entry))
        moved = set(entry.amendment.moved)
        records = records_in(revisions.raw(revisions.entry(entry.amendment.of)))
        return [record for record in records if record.sequence in moved]

    def _contracts(self, entry: LogEntry) -> ContractSet:
        epoch = entry.contracts
        if epoch is None:
            raise CallFailed("rebuild", "NoContracts", f"range {entry.number} of {entry.shard} names no contracts")
        if epoch not in self._sets:
            try:
                content = self._files.get(contracts_name(epoch))
                self._sets[epoch] = read_contracts(content, epoch, self._live.read_at)
            except CallFailed:
                if self._live.epoch != epoch:
                    raise
                self._sets[epoch] = self._live
        return self._sets[epoch]


def _sum(left: Rebuilt, right: Rebuilt) -> Rebuilt:
    return Rebuilt(*(one + other for one, other in zip(left, right, strict=True)))
