"""A warehouse in Redshift Serverless, by its Data API and COPY from the lake's bucket."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed
from event_processor.lake.columns import SEQUENCE, SHARD, Column, Table
from event_processor.lake.ddl import Change, Present, create_schema, create_table, names_of, quoted, type_of
from event_processor.lake.loading import (
    LOADS,
    OURS,
    REJECT_FILES,
    REJECTS,
    Deduplication,
    lines,
    listed,
    moved,
    text,
    unloading,
)
from event_processor.lake.ports import Files, LoadOutcome, Warehouse
from event_processor.lake.ranges import LakeFile, LogEntry
from event_processor.lake.schema_change import Tables, migrations
from event_processor.stores.parquet_duckdb import ParquetWriter, columns_of
from event_processor.stores.redshift_data import MOST_STATEMENTS, RedshiftData
from event_processor.stores.warehouse_rejects import RejectBatch, RejectFiles

MANIFESTS: Final = "manifests/"
"""Below it is what COPY is told to read; each is read once, so a lifecycle rule may delete them after a day."""
_LOCK: Final = f"LOCK {quoted(LOADS.name)}"
_TYPES: Final = {
    "character varying": "VARCHAR",
    "character": "CHAR",
    "timestamp without time zone": "TIMESTAMP",
}
_MOST_TABLES: Final = (MOST_STATEMENTS - 2) // 6


class RedshiftWarehouse(Warehouse):
    """See Warehouse. `location` is the lake's `s3://BUCKET/PREFIX`; COPY reads it by the namespace's default role."""

    def __init__(
        self, data: RedshiftData, files: Files, location: str, streams: Collection[Stream], window: timedelta
    ) -> None:
        self._data, self._files, self._location, self._window = data, files, location.rstrip("/"), window
        self._tables, self._rejects, self._writer = Tables(streams), RejectFiles(files), ParquetWriter()
        self._contracts: ContractSet | None = None
        self._failures: dict[str, int] = defaultdict(int)

    def prepare(self, contracts: ContractSet) -> Sequence[Change]:
        self._tables.renew(contracts)
        self._contracts = contracts
        tables = [*OURS, *self._tables.all()]
        present = self._present()
        missing = [table for table in tables if table.name not in present]
        made = dict.fromkeys([create_schema(table) for table in missing])
        self._run_each([*made, *(create_table(table, "redshift") for table in missing)])
        found = [*migrations([each for each in self._tables.all() if each not in missing], present, "redshift")]
        self._run_each([sql for change in found if change.is_addition for sql in change.statements])
        self._tables.waiting = [change for change in found if not change.is_addition]
        return self._tables.waiting

    def migrate(self) -> None:
        for change in self._tables.waiting:
            self._run_each(change.statements)
        self._tables.waiting = []

    def loaded(self, stream: str) -> Mapping[str, int]:
        query = f"SELECT shard, MAX(number) FROM {quoted(LOADS.name)} WHERE stream = :stream GROUP BY shard"
        return dict(self._data.query(query, {"stream": stream}))

    def load(self, entries: Sequence[LogEntry]) -> Sequence[LoadOutcome]:
        if self._tables.waiting and self._contracts:  # somebody may have migrated meanwhile
            self.prepare(self._contracts)
        there = self._outcomes(entries)
        for these in self._tables.loadable([each for each in entries if _key(each) not in there], self._window):
            for some in self._by_number_of_tables(these):
                self._load(some)
        self._tables.complain_of(entries)
        found = self._outcomes(entries)
        return [found[_key(each)] for each in entries]

    def unload(self, entries: Sequence[LogEntry]) -> None:
        tables = [table.name for table in self._tables.all()]
        for entry in entries:
            self._run_each([_LOCK, *unloading([entry], tables)])

    def load_rejects(self) -> int:
        names = self._rejects.waiting()
        if not names:
            return 0
        query = f"SELECT name FROM {quoted(REJECT_FILES.name)} WHERE name >= :first AND name <= :last"
        done = {row[0] for row in self._data.query(query, {"first": min(names), "last": max(names)})}
        self._rejects.are_done(done)
        before = self._count_of_rejects()
        for batch in self._rejects.batches([name for name in names if name not in done]):
            self._load_rejects(batch)
            self._rejects.are_done(batch.rows)
        return self._count_of_rejects() - before

    def ask(self, sql: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        return self._data.answer(sql)

    def close(self) -> None:
        """Nothing is held between two calls."""

    def _load(self, entries: Sequence[LogEntry]) -> None:
        now, token = datetime.now(UTC), _token(*(f"{each.stream}/{each.shard}/{each.number}" for each in entries))
        statements, filled = [_LOCK], []
        for place, ((table, stream), typed) in enumerate(self._tables.files_by_table(entries).items()):
            steps = Deduplication(table, stream, place)
            statements += self._stage(table, steps.staged, typed, entries, token)
            statements.append(steps.judge(steps.known(entries, self._window)))
            statements += steps.store(entries, now)
            filled.append(steps)
        self._run(token, [*statements, *moved(entries, filled), lines(entries, filled, now)])

    def _stage(
        self, table: Table, staged: str, typed: Sequence[tuple[int, LakeFile]], entries: Sequence[LogEntry], token: str
    ) -> Iterator[str]:
        """COPY takes the columns of a file by their place, so files that differ in theirs are copied one by one."""
        alike: dict[tuple[Column, ...], list[LakeFile]] = defaultdict(list)
        for file in dict.fromkeys(file for _, file in typed):  # one of a compaction is of several ranges
            alike[columns_of(self._files.get(file.name))].append(file)
        shard, sequence = quoted(SHARD.name), quoted(SEQUENCE.name)
        ranges = listed(entries)
        selects = []
        for place, (columns, files) in enumerate(alike.items()):
            copied = f"{staged}_{place}"
            yield from self._copied(copied, columns, files, f"{token[:40]}-{copied}")
            names = {each.name for each in columns}
            values = ", ".join(
                f"CAST({f'c.{quoted(each.name)}' if each.name in names else 'NULL'} AS {type_of(each, 'redshift')})"
                f" AS {quoted(each.name)}"
                for each in table.columns
            )
            selects.append(
                f"SELECT e._entry, {values} FROM {copied} c JOIN ({ranges}) e ON e.shard = c.{shard}"
                f" AND {_padded(f'c.{sequence}')}"
                f" BETWEEN {_padded('e.first_sequence')} AND {_padded('e.last_sequence')}"
            )
        yield f"CREATE TEMP TABLE {staged} AS {' UNION ALL '.join(selects)}"

    def _copied(self, name: str, columns: Sequence[Column], files: Sequence[LakeFile], manifest: str) -> Iterator[str]:
        content = {
            "entries": [
                {"url": f"{self._location}/{file.name}", "mandatory": True, "meta": {"content_length": file.bytes}}
                for file in files
            ]
        }
        path = f"{MANIFESTS}{manifest}.json"
        self._files.put(path, json.dumps(content).encode())
        spelled = ", ".join(f"{quoted(each.name)} {type_of(each, 'redshift')}" for each in columns)
        yield f"CREATE TEMP TABLE {name} ({spelled})"
        yield f"COPY {name} FROM {text(f'{self._location}/{path}')} IAM_ROLE default FORMAT AS PARQUET MANIFEST"

    def _load_rejects(self, batch: RejectBatch) -> None:
        token = _token(*batch.rows)
        path = f"{MANIFESTS}{token[:40]}-rejects.parquet"
        self._files.put(path, batch.parquet)
        file = LakeFile(path, "typed", "", len(batch.parquet), sum(batch.rows.values()))
        names = names_of(REJECTS)
        values = " UNION ALL ".join(f"SELECT {text(name)} AS name, {rows} AS rows" for name, rows in batch.rows.items())
        files = quoted(REJECT_FILES.name)
        new = (
            f"INSERT INTO {quoted(REJECTS.name)} ({names}) SELECT {names} FROM (SELECT c.*, ROW_NUMBER() OVER"
            " (PARTITION BY reject_id ORDER BY datecreated) AS _place FROM copied c) r WHERE _place = 1"
            f" AND reject_id NOT IN (SELECT reject_id FROM {quoted(REJECTS.name)})"
        )
        loaded = (
            f"INSERT INTO {files} (name, rows) SELECT name, rows FROM ({values}) v"
            f" WHERE name NOT IN (SELECT name FROM {files})"
        )
        copied = self._copied("copied", REJECTS.columns, [file], f"{token[:40]}-rejects")
        self._run(token, [_LOCK, *copied, new, loaded])

    def _by_number_of_tables(self, entries: Sequence[LogEntry]) -> Iterator[list[LogEntry]]:
        """A batch of the Data API has 40 statements, so a transaction fills so many tables."""
        some: list[LogEntry] = []
        for entry in entries:
            if some and len(_tables([*some, entry])) > _MOST_TABLES:
                yield some
                some = []
            some.append(entry)
            if len(_tables(some)) > _MOST_TABLES:
                detail = (
                    f"a range of {entry.stream} fills {len(_tables(some))} tables, and at most {_MOST_TABLES} can be"
                )
                raise CallFailed("load", "TooManyTables", detail, may_be_done=False)
        yield some

    def _run(self, token: str, statements: Sequence[str]) -> None:
        """The token stands for its outcome as well, so after a failure it is another one."""
        try:
            self._data.run(statements, f"{token[:58]}-{self._failures[token]}")
        except CallFailed as failure:
            if not failure.may_be_done:
                self._failures[token] += 1
            raise
        self._failures.pop(token, None)

    def _run_each(self, statements: Sequence[str]) -> None:
        for at in range(0, len(statements), MOST_STATEMENTS):
            some = statements[at : at + MOST_STATEMENTS]
            self._run(_token(*some, datetime.now(UTC).isoformat()), some)

    def _present(self) -> dict[str, dict[str, Present]]:
        found: dict[str, dict[str, Present]] = {}
        columns = "table_schema, table_name, column_name, data_type, is_nullable, character_maximum_length"
        for schema, table, name, kind, nullable, size in self._data.query(f"SELECT {columns} FROM svv_columns"):
            spelled = _TYPES.get(kind, kind.upper())
            found.setdefault(f"{schema}.{table}", {})[name] = Present(spelled, nullable == "NO", size)
        return found

    def _outcomes(self, entries: Sequence[LogEntry]) -> dict[tuple[str, str, int], LoadOutcome]:
        least = min((entry.number for entry in entries), default=0)
        columns = "stream, shard, number, new_rows, repeats, conflicts"
        query = f"SELECT {columns} FROM {quoted(LOADS.name)} WHERE number >= {least}"
        return {(row[0], row[1], row[2]): LoadOutcome(*row[3:]) for row in self._data.query(query)}

    def _count_of_rejects(self) -> int:
        return int(self._data.query(f"SELECT COUNT(*) FROM {quoted(REJECTS.name)}")[0][0])


def _padded(sequence: str) -> str:
    """Sequence numbers are compared as numbers, and have more digits than any type of number."""
    return f"LPAD({sequence}, 129, '0')"


def _tables(entries: Sequence[LogEntry]) -> set[str | None]:
    return {file.table for entry in entries for file in entry.typed()}


def _key(entry: LogEntry) -> tuple[str, str, int]:
    return entry.stream, entry.shard, entry.number


def _token(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()
