"""Which tables there are by the contracts that count, and what waits for `lake migrate`. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed
from event_processor.lake.columns import Table, tables_of
from event_processor.lake.ddl import Change, Dialect, Present, changes
from event_processor.lake.ranges import LakeFile, LogEntry

_MOST_BYTES = 32 * 1024 * 1024
MIGRATION: str = "MigrationNeeded"
"""The code of CallFailed for rows whose table has to be changed first."""


class Tables:
    """The tables of all streams, and the changes to them that are not made without asking."""

    def __init__(self, streams: Collection[Stream]) -> None:
        self._streams = {stream.name: stream for stream in streams}
        self._tables: dict[str, Table] = {}
        self.waiting: list[Change] = []

    def renew(self, contracts: ContractSet) -> None:
        """By other contracts. Raises SettingsError; see `tables_of`."""
        found = [tables_of(stream, contracts.contracts) for stream in self._streams.values()]
        self._tables = {table.name: table for tables in found for table in tables.values()}

    def all(self) -> list[Table]:
        """By name."""
        return [self._tables[name] for name in sorted(self._tables)]

    def files_by_table(self, entries: Sequence[LogEntry]) -> dict[tuple[Table, Stream], list[tuple[int, LakeFile]]]:
        """The typed files of each table, with the place of their entry."""
        found: dict[tuple[Table, Stream], list[tuple[int, LakeFile]]] = defaultdict(list)
        for place, entry in enumerate(entries):
            for file in entry.typed():
                found[self._tables[file.table or ""], self._streams[entry.stream]].append((place, file))
        return found

    def loadable(self, entries: Sequence[LogEntry], window: timedelta) -> Iterator[list[LogEntry]]:
        """Those that wait for nothing, so many at a time as memory holds, and of no more time than the window.

        Behind one that waits its shard waits, too: what is loaded of a shard has no gaps.
        """
        chunk: list[LogEntry] = []
        waiting: set[tuple[str, str]] = set()
        for entry in entries:
            if (entry.stream, entry.shard) in waiting or self._hindrance(entry):
                waiting.add((entry.stream, entry.shard))
                continue
            if chunk and (_bytes([*chunk, entry]) > _MOST_BYTES or _span([*chunk, entry]) > window):
                yield chunk
                chunk = []
            chunk.append(entry)
        if chunk:
            yield chunk

    def complain_of(self, entries: Sequence[LogEntry]) -> None:
        """Raises CallFailed if one of them waits for `lake migrate`, or for a contract."""
        for entry in entries:
            if why := self._hindrance(entry):
                raise CallFailed("load", MIGRATION, why, may_be_done=False)

    def _hindrance(self, entry: LogEntry) -> str | None:
        for file in entry.typed():
            if file.table not in self._tables:
                return f"{file.table} has no contract any more"
            for change in self.waiting:
                if change.table == file.table:
                    return f"{change.table}.{change.column} {change.reason}: event-processor lake migrate"
        return None


def migrations(
    tables: Sequence[Table], present: Mapping[str, Mapping[str, Present]], dialect: Dialect
) -> Iterator[Change]:
    """All changes of tables that are there."""
    for table in tables:
        yield from changes(table, present.get(table.name, {}), dialect)


def _bytes(entries: Sequence[LogEntry]) -> int:
    return sum(file.bytes for entry in entries for file in entry.typed())


def _span(entries: Sequence[LogEntry]) -> timedelta:
    times = [each for entry in entries for each in (entry.arrived_first, entry.arrived_last) if each]
    return max(times) - min(times) if times else timedelta()
