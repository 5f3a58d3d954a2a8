"""The rows of the typed files held against those of a warehouse, on the disk if they do not fit the memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

from event_processor.errors import CallFailed
from event_processor.lake.columns import OWN, SEQUENCE, SHARD, Table
from event_processor.lake.ddl import type_of
from event_processor.lake.findings import Finding
from event_processor.lake.loading import time as moment
from event_processor.lake.ranges import LakeFile, LogEntry
from event_processor.stores.duckdb_engine import connection, failing_as_call, literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_MEMORY_BYTES: Final = 256 * 1024 * 1024
_EXAMPLES: Final = 20
"""Of each kind in each table; how many there are is told in any case."""
_NUMBER: Final = "lpad({}, 129, '0')"


class Warehoused(Protocol):
    """The tables of a warehouse, as DuckDB can ask them."""

    @contextmanager
    def opened(self, own: "Connection", tables: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """What to call each of these in a query; those that the warehouse does not have are left out."""
        ...

    @property
    def has_values(self) -> bool:
        """Whether all columns can be asked for, or those only by which rows are told apart."""
        ...


class Loaded(NamedTuple):
    """What the warehouse says of the ranges of one stream."""

    ranges: int
    rows: int
    repeats: int
    conflicts: int
    waiting: int


class RowCheck:
    """See lake.verifying.Rows. For one thread; to be used as a context."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._folder = TemporaryDirectory(prefix="lake-")
        self._tables = dict(tables)
        self._own = connection(_MEMORY_BYTES)  # a file would wait for the disk after each range
        self._own.execute(f"SET temp_directory = {literal(self._folder.name)}")
        self._file = Path(self._folder.name, "file.parquet")
        key = "tbl VARCHAR, stream VARCHAR, shard VARCHAR, number BIGINT"
        for sql in (
            f"CREATE TABLE e ({key}, sequence VARCHAR, id VARCHAR, digest VARCHAR)",
            f"CREATE TABLE unread ({key}, first VARCHAR, last VARCHAR)",
            "CREATE TABLE r (name VARCHAR, reject_id VARCHAR)",
            f"CREATE TABLE began AS SELECT {moment(datetime.now(UTC))} AS began_at",
            f"CREATE TABLE ranges ({key[13:]}, rows BIGINT, first VARCHAR, last VARCHAR, written TIMESTAMP)",
        ):
            self._own.execute(sql)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own.close()
        self._folder.cleanup()

    def logged(self, entry: LogEntry) -> None:
        """See Rows."""
        rows = sum(file.rows for file in entry.typed())
        written = entry.written.replace(tzinfo=None)
        row = [entry.stream, entry.shard, entry.number, rows, entry.first, entry.last, written]
        self._own.execute("INSERT INTO ranges VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def typed(self, entry: LogEntry, file: LakeFile, content: bytes) -> Sequence[str]:
        """See Rows."""
        self._file.write_bytes(content)
        source = f"read_parquet({literal(str(self._file))})"
        table = self._table(file.table or "")
        try:
            with failing_as_call("read_parquet"):
                has = {row[0] for row in self._own.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
                found = self._own.execute(
                    f"SELECT {quoted(SEQUENCE.name)} FROM {source} WHERE {quoted(SHARD.name)} = ?", [entry.shard]
                ).fetchall()
                number = "r.number" if entry.compaction else str(entry.number)
                self._own.execute(
                    f"INSERT INTO e SELECT $1, $2, {quoted(SHARD.name)}, {number}, {quoted(SEQUENCE.name)},"
                    f" {_identity(table, has)}, {_digest(table, has)}"
                    f" FROM {source}{_OF_RANGES if entry.compaction else ''}",
                    [table.name, entry.stream, *([entry.shard] if entry.compaction else [])],
                )
        except CallFailed as failure:
            raise ValueError(f"no Parquet with our columns: {failure.detail}") from None
        return [row[0] for row in found]

    def unread(self, entry: LogEntry, file: LakeFile) -> None:
        """See Rows."""
        if file.kind == "typed":
            row = [file.table, entry.stream, entry.shard, entry.number, *_span(entry)]
            self._own.execute("INSERT INTO unread VALUES (?, ?, ?, ?, ?, ?)", row)
            self._table(file.table or "")

    def rejects(self, name: str, ids: Sequence[str]) -> None:
        """See Rows."""
        self._own.execute("INSERT INTO r SELECT $1, unnest($2)", [name, list(ids)])

    def against(self, warehouse: Warehoused, repeats: bool) -> Iterator[Finding]:
        """What of the warehouse contradicts the lake. `repeats`: also ids that a table has more than once."""
        names = ["quality.loads", "quality.rejects", "quality.reject_files", *sorted(self._tables)]
        with failing_as_call("verify"), warehouse.opened(self._own, names) as there:
            if "quality.loads" not in there:
                yield Finding("table_gone", "quality.loads", "the warehouse has no such table")
                return
            self._own.execute(f"CREATE OR REPLACE TABLE loads AS SELECT * FROM {there['quality.loads']}")
            yield from self._told(_OF_LOADS)
            for table in self._tables.values():
                if table.name in there:
                    yield from self._of_table(table, there, warehouse.has_values, repeats)
                elif self._own.execute(f"SELECT 1 FROM ({_LOADED})", {"t": table.name}).fetchone():
                    yield Finding("table_gone", table.name, "the warehouse has no such table")
            if {"quality.rejects", "quality.reject_files"} <= there.keys():
                files, rejects = there["quality.reject_files"], there["quality.rejects"]
                yield from self._told(
                    {
                        "reject_gone": "SELECT name AS place, reject_id || ' is not in its table' AS detail FROM r"
                        f" WHERE name IN (SELECT name FROM {files})"
                        f" AND reject_id NOT IN (SELECT reject_id FROM {rejects})"
                    }
                )

    def loaded(self, stream: str) -> Loaded:
        """After `against`."""
        row = self._own.execute(
            "SELECT count(l.number), coalesce(sum(new_rows), 0), coalesce(sum(repeats), 0),"
            " coalesce(sum(conflicts), 0), count(CASE WHEN l.number IS NULL AND r.rows > 0 THEN 1 END)"
            " FROM ranges r LEFT JOIN loads l USING (stream, shard, number) WHERE r.stream = ?",
            [stream],
        ).fetchone()
        return Loaded(*map(int, row or (0, 0, 0, 0, 0)))

    def _table(self, name: str) -> Table:
        """One that no contract asks for any more is known by our own columns."""
        return self._tables.setdefault(name, Table(name, OWN))

    def _of_table(self, table: Table, there: Mapping[str, str], has_values: bool, repeats: bool) -> Iterator[Finding]:
        relation = there[table.name]
        has = {row[0] for row in self._own.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
        digest = _digest(table, has) if has_values else "NULL"
        self._own.execute(
            f"CREATE OR REPLACE TABLE t AS SELECT {quoted(SHARD.name)} AS shard, {quoted(SEQUENCE.name)} AS sequence,"
            f" {_identity(table, has)} AS id, {digest} AS digest FROM {relation}"
        )
        conflicts = f"SELECT reject_id FROM {there['quality.rejects']}" if "quality.rejects" in there else "SELECT ''"
        yield from self._told(
            {kind: sql.format(loaded=_LOADED, conflicts=conflicts) for kind, sql in _OF_TABLE.items()}, table.name
        )
        if repeats:
            yield from self._told({"repeat": _REPEATS}, table.name)

    def _told(self, queries: Mapping[str, str], table: str | None = None) -> Iterator[Finding]:
        for kind, sql in queries.items():
            parameters = {"t": table} if table else {}
            counted = f"SELECT *, count(*) OVER () AS n FROM ({sql}) ORDER BY ALL LIMIT {_EXAMPLES}"
            rows = self._own.execute(counted, parameters).fetchall()
            yield from (Finding(kind, row[0], row[1]) for row in rows)
            if rows and (more := rows[0][2] - len(rows)):
                yield Finding(kind, rows[0][0], f"… and {more:,} more")


def content_of(warehouse: Warehoused, tables: Mapping[str, Table]) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a hash of them that no order changes: of what the contracts say, not of ours.

    Two tables with the same have the same ids and values, whenever and from wherever they were loaded.
    """
    found = {}
    with connection(_MEMORY_BYTES) as own, failing_as_call("verify"), warehouse.opened(own, sorted(tables)) as there:
        for name, relation in there.items():
            has = {row[0] for row in own.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
            table = Table(name, tables[name].compared)
            sums = ", ".join(f"sum(md5_number_{half}({_values(table, has)}))" for half in ("lower", "upper"))
            count, lower, upper = own.execute(f"SELECT count(*), {sums} FROM {relation}").fetchall()[0]
            found[name] = count, f"{int(lower or 0) % 2**64:016x}{int(upper or 0) % 2**64:016x}"
    return found


def _identity(table: Table, has: set[str]) -> str:
    return f"CAST({quoted(table.id.name) if table.id and table.id.name in has else 'NULL'} AS VARCHAR)"


def _digest(table: Table, has: set[str]) -> str:
    return f"md5({_values(table, has)})"


def _values(table: Table, has: set[str]) -> str:
    """All of them, as texts of the types that the table has them in."""
    values = [
        f"coalesce(CAST(CAST({quoted(each.name)} AS {type_of(each, 'duckdb')}) AS VARCHAR), chr(30))"
        if each.name in has
        else "chr(30)"
        for each in table.columns
    ]
    return f"concat_ws(chr(31), {', '.join(values)})"


def _span(entry: LogEntry) -> tuple[str | None, str | None]:
    """The records that its files are of."""
    if entry.compaction:
        return entry.compaction.first, entry.compaction.last
    loaded = entry.for_load()
    return loaded.first, loaded.last


_OF_RANGES: Final = (
    f" p ASOF JOIN (SELECT number, {_NUMBER.format('first')} AS since FROM ranges WHERE stream = $2 AND shard = $3"
    f" AND first IS NOT NULL) r ON {_NUMBER.format('p._sequence')} >= r.since"
)
"""The range of each row of a file that a compaction made."""
_LOADED: Final = "SELECT e.* FROM e JOIN loads USING (stream, shard, number) WHERE tbl = $t"
_PLACE: Final = "$t || ' ' || {0}.shard || '/' || {0}.sequence AS place"
_OF_LOADS: Final = {
    "load_gone": "SELECT 'quality.loads' AS place, 'no entry ' || stream || '/' || shard || '/' || number ||"
    " ', and later ones' AS detail FROM ranges r LEFT JOIN loads l USING (stream, shard, number)"
    " WHERE l.number IS NULL AND r.rows > 0"
    " AND r.number < (SELECT max(number) FROM loads m WHERE m.stream = r.stream AND m.shard = r.shard)",
    "load_twice": "SELECT 'quality.loads' AS place, stream || '/' || shard || '/' || number || ' is there ' ||"
    " count(*) || ' times' AS detail FROM loads GROUP BY stream, shard, number HAVING count(*) > 1",
    "load_unlogged": "SELECT 'quality.loads' AS place, stream || '/' || shard || '/' || l.number ||"
    " ' is in no log' AS detail FROM loads l ANTI JOIN ranges USING (stream, shard, number)"
    " WHERE stream IN (SELECT stream FROM ranges) AND l.loaded_at < (SELECT began_at FROM began)",
    "not_loaded": "SELECT 'quality.loads' AS place, stream || '/' || shard || '/' || r.number ||"
    " ' was written at ' || strftime(written, '%Y-%m-%dT%H:%M:%SZ') || ' and is not loaded' AS detail"
    " FROM ranges r LEFT JOIN loads l USING (stream, shard, number) WHERE l.number IS NULL AND r.rows > 0"
    " AND written < (SELECT began_at FROM began) - INTERVAL 10 MINUTES"
    " AND r.number > (SELECT coalesce(max(number), 0) FROM loads m WHERE m.stream = r.stream AND m.shard = r.shard)",
    "count": "SELECT 'quality.loads' AS place, stream || '/' || shard || '/' || number || ': ' || new_rows ||"
    " ' rows, ' || repeats || ' repeats and ' || conflicts || ' conflicts are not ' || rows || ' rows of its files'"
    " AS detail FROM ranges JOIN loads USING (stream, shard, number) WHERE new_rows + repeats + conflicts != rows",
}
_OF_TABLE: Final = {
    "row_gone": f"SELECT {_PLACE.format('x')}, 'the typed files have it, but the table does not' AS detail"
    " FROM ({loaded}) x ANTI JOIN t ON t.shard = x.shard AND t.sequence = x.sequence"
    " WHERE x.id IS NULL OR (x.id NOT IN (SELECT id FROM t WHERE id IS NOT NULL)"
    " AND 'id_conflict/' || x.stream || '/' || x.shard || '/' || x.sequence NOT IN ({conflicts}))",
    "row_twice": f"SELECT {_PLACE.format('t')}, 'it is there ' || count(*) || ' times' AS detail"
    " FROM t GROUP BY shard, sequence HAVING count(*) > 1",
    "row_foreign": f"SELECT {_PLACE.format('t')}, 'the table has it, but no typed file does' AS detail"
    " FROM t ANTI JOIN (SELECT * FROM e WHERE tbl = $t) x ON t.shard = x.shard AND t.sequence = x.sequence"
    " WHERE NOT EXISTS (SELECT 1 FROM unread u WHERE u.tbl = $t AND u.shard = t.shard"
    " AND lpad(t.sequence, 129, '0') BETWEEN lpad(u.first, 129, '0') AND lpad(u.last, 129, '0'))"
    " AND (t.shard NOT IN (SELECT shard FROM ranges) OR lpad(t.sequence, 129, '0') <="
    " (SELECT max(lpad(last, 129, '0')) FROM ranges r WHERE r.shard = t.shard))",
    "row_altered": f"SELECT {_PLACE.format('t')}, 'its values differ from those in the typed file' AS detail"
    " FROM t JOIN (SELECT * FROM e WHERE tbl = $t) x ON t.shard = x.shard AND t.sequence = x.sequence"
    " WHERE t.digest != x.digest",
    "count": "SELECT $t || ' ' || x.shard || '/' || x.number AS place, 'the load counted ' || any_value(new_rows) ||"
    " ' new rows, and ' || count(t.sequence) || ' are there' AS detail FROM ({loaded}) x"
    " JOIN loads USING (stream, shard, number) LEFT JOIN (SELECT DISTINCT shard, sequence FROM t) t"
    " ON t.shard = x.shard AND t.sequence = x.sequence"
    " WHERE (x.stream, x.shard, x.number) NOT IN (SELECT (stream, shard, number) FROM e WHERE tbl != $t)"
    " GROUP BY x.stream, x.shard, x.number HAVING count(t.sequence) != any_value(new_rows)",
}
_REPEATS: Final = (
    "SELECT $t || ' ' || id AS place, 'the table has ' || count(*) || ' rows of this id' AS detail"
    " FROM t WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1"
)
