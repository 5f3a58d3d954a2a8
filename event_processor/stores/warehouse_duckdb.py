"""A warehouse that is one DuckDB file, opened for a load only: DuckDB lets one process write, or several read."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import TYPE_CHECKING, Any, Final

from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed
from event_processor.lake.columns import Table
from event_processor.lake.ddl import Change, Present, create_schema, create_table, names_of, quoted, type_of
from event_processor.lake.layout import is_compacted
from event_processor.lake.loading import (
    LOADS,
    OURS,
    REJECT_FILES,
    REJECTS,
    Deduplication,
    lines,
    moved,
    of_range,
    span,
    text,
    unloading,
)
from event_processor.lake.ports import Files, LoadOutcome, Warehouse
from event_processor.lake.ranges import LakeFile, LogEntry
from event_processor.lake.schema_change import Tables, migrations
from event_processor.stores.duckdb_engine import failing_as_call, is_in_use, literal, writing
from event_processor.stores.duckdb_ids import KnownIds
from event_processor.stores.warehouse_rejects import RejectBatch, RejectFiles

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    Connection = DuckDBPyConnection

_MEMORY_BYTES: Final = 48 * 1024 * 1024  # for rows of a few KB; a load that needs more gets more
_MOST_MEMORY_BYTES: Final = 32 * _MEMORY_BYTES
_PAUSE_SECONDS: Final = 0.05
_LONGEST_QUESTION_SECONDS: Final = 10.0  # loads wait for it
_TOO_LITTLE: Final = "OutOfMemoryException"
IN_USE: Final = "InUse"
"""The code of CallFailed while another process has the file open."""


class DuckDBWarehouse(Warehouse):
    """See Warehouse. While another process has the file open, a call waits for `patience` seconds, then fails."""

    def __init__(
        self, file: Path, files: Files, streams: Collection[Stream], window: timedelta, patience: float = 5.0
    ) -> None:
        self._file, self._files, self._window, self._patience = file, files, window, patience
        self._tables, self._rejects = Tables(streams), RejectFiles(files)
        self._contracts: ContractSet | None = None
        self._memory_bytes = _MEMORY_BYTES

    def prepare(self, contracts: ContractSet) -> Sequence[Change]:
        self._tables.renew(contracts)
        self._contracts = contracts
        with self._opened() as warehouse:
            for table in (*OURS, *self._tables.all()):
                warehouse.execute(create_schema(table))
                warehouse.execute(create_table(table, "duckdb"))
            for table in self._tables.all():
                if ids := _ids(table):
                    ids.prepare(warehouse)
            self._tables.waiting = []
            for change in migrations(self._tables.all(), _present(warehouse), "duckdb"):
                if change.is_addition:
                    _run(warehouse, change.statements)
                else:
                    self._tables.waiting.append(change)
        return self._tables.waiting

    def migrate(self) -> None:
        """Carry out what waits; see `prepare`."""
        with self._opened() as warehouse, _transaction(warehouse):
            for change in self._tables.waiting:
                _run(warehouse, change.statements)
        self._tables.waiting = []

    def loaded(self, stream: str) -> Mapping[str, int]:
        with self._opened() as warehouse:
            query = f"SELECT shard, max(number) FROM {quoted(LOADS.name)} WHERE stream = ? GROUP BY shard"
            return dict(warehouse.execute(query, [stream]).fetchall())

    def load(self, entries: Sequence[LogEntry]) -> Sequence[LoadOutcome]:
        if self._tables.waiting and self._contracts:  # somebody may have migrated meanwhile
            self.prepare(self._contracts)
        while (found := self._loaded(entries)) is None:
            self._memory_bytes *= 2
        self._tables.complain_of(entries)
        return [found[_key(each)] for each in entries]

    def unload(self, entries: Sequence[LogEntry]) -> None:
        with self._opened() as warehouse, _transaction(warehouse):
            tables = self._tables.all()
            _run(warehouse, unloading(entries, [table.name for table in tables]))
            for table in tables:
                if ids := _ids(table):
                    ids.renew(warehouse)

    def load_rejects(self) -> int:
        names = self._rejects.waiting()
        if not names:
            return 0
        with self._opened() as warehouse:
            query = f"SELECT name FROM {quoted(REJECT_FILES.name)} WHERE name IN (SELECT unnest($names))"
            done = {row[0] for row in warehouse.execute(query, {"names": names}).fetchall()}
            self._rejects.are_done(done)
            count = 0
            for batch in self._rejects.batches([name for name in names if name not in done]):
                with _transaction(warehouse):
                    count += _load_rejects(warehouse, batch)
                self._rejects.are_done(batch.rows)
        return count

    def ask(self, sql: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        with self._opened() as warehouse:
            warehouse.execute("BEGIN")  # and no end: whatever it does is undone
            timer = Timer(_LONGEST_QUESTION_SECONDS, warehouse.interrupt)
            timer.start()
            try:
                result = warehouse.execute(sql)
                return [each[0] for each in result.description or []], result.fetchall()
            finally:
                timer.cancel()

    def close(self) -> None:
        """Nothing is held between two calls."""

    def _loaded(self, entries: Sequence[LogEntry]) -> dict[tuple[str, str, int], LoadOutcome] | None:
        """What became of them, those included that were loaded before; None if it takes more memory."""
        try:
            with self._opened() as warehouse:
                there = _outcomes(warehouse, entries)
                for these in self._tables.loadable([each for each in entries if _key(each) not in there], self._window):
                    with _transaction(warehouse):
                        self._load(warehouse, these)
                return _outcomes(warehouse, entries)
        except CallFailed as failure:
            if failure.code == _TOO_LITTLE and self._memory_bytes < _MOST_MEMORY_BYTES:
                return None
            raise

    def _load(self, warehouse: "Connection", entries: Sequence[LogEntry]) -> None:
        now = datetime.now(UTC)
        filled: list[Deduplication] = []
        with TemporaryDirectory(prefix="lake-") as folder:
            for (table, stream), typed in self._tables.files_by_table(entries).items():
                steps, ids = Deduplication(table, stream, len(filled)), _ids(table)
                self._stage(warehouse, table, steps.staged, typed, Path(folder, steps.staged), entries)
                if ids:
                    ids.know(warehouse, steps.staged, *span(entries, self._window))
                warehouse.execute(steps.judge("SELECT * FROM known"))
                if ids:
                    ids.add(warehouse, steps)
                _run(warehouse, steps.store(entries, now, _payload(table)))
                filled.append(steps)
            _run(warehouse, moved(entries, filled))
            warehouse.execute(lines(entries, filled, now))
            for each in filled:
                _run(warehouse, [f"DROP VIEW {each.staged}", f"DROP TABLE {each.judged}"])

    def _stage(
        self, warehouse: "Connection", table: Table, staged: str, typed: Sequence[tuple[int, LakeFile]], folder: Path,
        entries: Sequence[LogEntry],
    ) -> None:  # fmt: skip
        """A view of the files, which are read for each statement that needs rows of them, in the columns it needs."""
        folder.mkdir()
        for place, file in typed:
            Path(folder, f"{place}.parquet").write_bytes(self._files.get(file.name))
        source = f"read_parquet({literal(f'{folder}/*.parquet')}, union_by_name = true, filename = true)"
        has = {row[0] for row in warehouse.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        values = ", ".join(
            f"CAST({quoted(each.name) if each.name in has else 'NULL'} AS {type_of(each, 'duckdb')})"
            f" AS {quoted(each.name)}"
            for each in table.columns
        )
        entry = "CAST(parse_filename(filename, true) AS INTEGER) AS _entry"
        shared = [place for place, file in typed if is_compacted(file.name)]
        own = " AND ".join(f"(_entry <> {place} OR {of_range(entries[place])})" for place in shared) or "true"
        warehouse.execute(
            f"CREATE TEMP VIEW {staged} AS SELECT * FROM (SELECT {entry}, {values} FROM {source}) WHERE {own}"
        )

    @contextmanager
    def _opened(self) -> Iterator["Connection"]:
        with failing_as_call("warehouse"):
            warehouse = self._connected()
            try:
                yield warehouse
            finally:
                warehouse.close()

    def _connected(self) -> "Connection":
        until = time.monotonic() + self._patience
        while True:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                return writing(self._memory_bytes, self._file)
            except Exception as error:
                if not is_in_use(error):
                    raise
                if time.monotonic() >= until:
                    detail = f"{self._file} is open elsewhere: DuckDB lets one process write, or several read"
                    raise CallFailed("warehouse", IN_USE, detail, may_be_done=False) from error
            time.sleep(_PAUSE_SECONDS)


def _load_rejects(warehouse: "Connection", batch: RejectBatch) -> int:
    """Those of some files that are not there yet, by `reject_id`; how many."""
    names, rejects = names_of(REJECTS), quoted(REJECTS.name)
    with TemporaryDirectory(prefix="lake-") as folder:
        path = Path(folder, "rejects.parquet")
        path.write_bytes(batch.parquet)
        found = warehouse.execute(
            f"INSERT INTO {rejects} ({names}) SELECT {names} FROM read_parquet({literal(str(path))})"
            f" WHERE reject_id NOT IN (SELECT reject_id FROM {rejects})"
            " QUALIFY row_number() OVER (PARTITION BY reject_id ORDER BY datecreated) = 1"
        ).fetchone()
    for name, rows in batch.rows.items():
        warehouse.execute(f"INSERT INTO {quoted(REJECT_FILES.name)} VALUES (?, ?)", [name, rows])
    return found[0] if found else 0


def _ids(table: Table) -> KnownIds | None:
    return KnownIds(table, quoted(table.id.name)) if table.id else None


def _present(warehouse: "Connection") -> dict[str, dict[str, Present]]:
    found: dict[str, dict[str, Present]] = {}
    query = "SELECT table_schema, table_name, column_name, data_type, is_nullable FROM information_schema.columns"
    for schema, table, column, kind, nullable in warehouse.execute(query).fetchall():
        found.setdefault(f"{schema}.{table}", {})[column] = Present(kind, nullable == "NO")
    return found


def _outcomes(warehouse: "Connection", entries: Sequence[LogEntry]) -> dict[tuple[str, str, int], LoadOutcome]:
    """Of those that are loaded."""
    least = min((entry.number for entry in entries), default=0)
    query = f"SELECT stream, shard, number, new_rows, repeats, conflicts FROM {quoted(LOADS.name)} WHERE number >= ?"
    return {(row[0], row[1], row[2]): LoadOutcome(*row[3:]) for row in warehouse.execute(query, [least]).fetchall()}


def _key(entry: LogEntry) -> tuple[str, str, int]:
    return entry.stream, entry.shard, entry.number


def _payload(table: Table) -> str:
    """The row as JSON, without what is ours; it is in raw whole."""
    pairs = ", ".join(f"{text(each.name)}, {quoted(each.name)}" for each in table.compared)
    return f"left(CAST(json_object({pairs}) AS VARCHAR), 16000)"


def _run(warehouse: "Connection", statements: Iterable[str]) -> None:
    for statement in statements:
        warehouse.execute(statement)


@contextmanager
def _transaction(warehouse: "Connection") -> Iterator[None]:
    warehouse.execute("BEGIN")
    yield
    warehouse.execute("COMMIT")  # without it, as after an error, closing rolls back
