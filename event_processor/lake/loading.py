"""A load as statements of SQL that DuckDB and Redshift both run: what is new, what is a repeat, what contradicts. Pure.

    staged  the rows of all ranges of the load, `_entry` says of which
    known   the rows of the table that have an id of theirs, and arrived within the window of them
    doubted the ids that are known or staged more than once: of the others each row is new, and nothing is sorted
    judged  the staged rows that are doubted, with their outcome: row, repeat or conflict

`staged` and `judged` are temporary, numbered, as a load may fill several tables. DuckDB reads `staged` from its files
each time; most rows are not doubted, so that they pass through memory and do not stay there.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from event_processor.contracts.streams import Stream
from event_processor.json_document import escaped
from event_processor.lake.columns import ARRIVED, WRITTEN_ANEW, Column, Kind, Table
from event_processor.lake.ddl import names_of, quoted
from event_processor.lake.ranges import LogEntry

LOADS: Final = Table(
    "quality.loads",
    (
        Column("stream", Kind.TEXT, True, 128),
        Column("shard", Kind.TEXT, True, 128),
        Column("number", Kind.INTEGER, True),
        Column("delivery", Kind.INTEGER, True),
        Column("first_sequence", Kind.TEXT, False, 129),
        Column("last_sequence", Kind.TEXT, False, 129),
        Column("new_rows", Kind.INTEGER, True),
        Column("repeats", Kind.INTEGER, True),
        Column("conflicts", Kind.INTEGER, True),
        Column("loaded_at", Kind.TIME, True),
    ),
)
"""A line for each range that is in its tables."""
_MOST_BYTES: Final = 65_535
REJECTS: Final = Table(
    "quality.rejects",
    (
        Column("datecreated", Kind.TIME, True),
        Column("messageid", Kind.TEXT, True, 256),
        Column("errormessage", Kind.TEXT, True, _MOST_BYTES),
        Column("payload", Kind.TEXT, True, _MOST_BYTES),
        Column("payload_ref", Kind.TEXT, True, 1024),
        Column("reject_id", Kind.TEXT, True, 600),
        Column("reason", Kind.TEXT, True, 64),
        Column("pointer", Kind.TEXT, True, 1024),
        Column("pattern", Kind.TEXT, True, 1024),
        Column("stage", Kind.TEXT, False, 16),
        Column("subject", Kind.TEXT, False, 800),
        Column("version", Kind.TEXT, False, 32),
        Column("source_kind", Kind.TEXT, False, 16),
        Column("source", Kind.TEXT, False, 256),
        Column("source_id", Kind.TEXT, False, 512),
        Column("sent_at", Kind.TIME),
        Column("device_id", Kind.TEXT, False, 256),
        Column("library", Kind.TEXT, False, 256),
        Column("app_version", Kind.TEXT, False, 256),
        Column("submission_id", Kind.TEXT, False, 36),
        Column("event_type", Kind.TEXT, False, 800),
        Column("payload_encoding", Kind.TEXT, True, 8),
    ),
)
"""What was refused anywhere, once each by `reject_id`."""
REJECT_FILES: Final = Table(
    "quality.reject_files", (Column("name", Kind.TEXT, True, 1024), Column("rows", Kind.INTEGER, True))
)
"""The files that `quality.rejects` was loaded from."""
OURS: Final = (LOADS, REJECTS, REJECT_FILES)
_MEMBER: Final = """',? *"{}": *("[^"]*"|[{{][^{{}}]*[}}])'"""  # of a JSON text, and a text or a flat object
_OF_ROW: Final = '"_sequence"'
_RECORD: Final = '"_shard" || \'/\' || "_sequence"'


def text(value: str | None) -> str:
    """As a literal of SQL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def time(moment: datetime) -> str:
    """As a literal of SQL; UTC."""
    return f"TIMESTAMP '{moment.replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}'"


class Deduplication:
    """The statements from `staged` to the table, for one table; `number` tells its temporary tables from others'."""

    def __init__(self, table: Table, stream: Stream, number: int = 0) -> None:
        self._table, self._stream = table, stream
        self._id = quoted(table.id.name) if table.id else ""
        self._key = f"COALESCE({self._id}, {_RECORD})" if self._id else _RECORD
        self.stream = stream.name
        self.staged, self.judged = f"staged{number}", f"judged{number}"

    def known(self, entries: Sequence[LogEntry], window: timedelta) -> str:
        """The query for the rows of the table that these may repeat, by a join; `stores` has another for DuckDB."""
        since, until = span(entries, window)
        return (
            f"SELECT {self._prefixed('t')} FROM {quoted(self._table.name)} t"
            f" JOIN (SELECT DISTINCT {self._id} FROM {self.staged}) s ON t.{self._id} = s.{self._id}"
            f" WHERE t.{quoted(ARRIVED.name)} BETWEEN {time(since)} AND {time(until)}"
        )

    def judge(self, known: str) -> str:
        """What becomes of the staged rows that are doubted, given the query for those that are known."""
        if not self._id:
            return f"CREATE TEMP TABLE {self.judged} AS SELECT s.*, 'row' AS _outcome FROM {self.staged} s WHERE 1 = 0"
        name, order, names = self._id, '"_arrived", LENGTH("_sequence"), "_sequence"', names_of(self._table)
        same = " AND ".join(self._same(each) for each in self._table.compared) or "1 = 1"
        key = self._key
        return (
            f"CREATE TEMP TABLE {self.judged} AS WITH known AS ({known}),"
            f" doubted AS (SELECT {key} AS _key FROM {self.staged} GROUP BY 1 HAVING COUNT(*) > 1"
            f" UNION SELECT {name} FROM known),"
            f" ranked AS (SELECT s.*, ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {order})"
            f" AS _place FROM {self.staged} s WHERE {key} IN (SELECT _key FROM doubted)),"
            f" firsts AS (SELECT {names}, 0 AS _is_new FROM (SELECT k.*, ROW_NUMBER() OVER"
            f" (PARTITION BY {name} ORDER BY {order}) AS _place FROM known k) kk WHERE _place = 1"
            f" UNION ALL SELECT {names}, 1 AS _is_new FROM ranked WHERE _place = 1 AND {name} IS NOT NULL"
            f" AND {name} NOT IN (SELECT {name} FROM known))"
            f" SELECT r._entry, {self._prefixed('r')}, CASE"
            " WHEN r._place = 1 AND COALESCE(f._is_new, 1) = 1 THEN 'row'"
            f" WHEN {same} THEN 'repeat' ELSE 'conflict' END AS _outcome"
            f" FROM ranked r LEFT JOIN firsts f ON r.{name} = f.{name}"
        )

    def new(self, names: str) -> str:
        """The query for these columns of the rows that are new."""
        undoubted = f" WHERE {self._key} NOT IN (SELECT {self._key} FROM {self.judged})" if self._id else ""
        return (
            f"SELECT {names} FROM {self.staged}{undoubted}"
            f" UNION ALL SELECT {names} FROM {self.judged} WHERE _outcome = 'row'"
        )

    def store(self, entries: Sequence[LogEntry], loaded_at: datetime, payload: str = "''") -> Iterator[str]:
        """The new rows into the table, and the conflicts among the rejects."""
        names, table = names_of(self._table), quoted(self._table.name)
        yield f"INSERT INTO {table} ({names}) {self.new(names)}"
        if self._id:
            yield self._conflicts(entries, loaded_at, payload)

    def _conflicts(self, entries: Sequence[LogEntry], loaded_at: datetime, payload: str) -> str:
        files = [next((file.name for file in entry.files if file.kind == "raw"), "") for entry in entries]
        cases = " ".join(f"WHEN {place} THEN {text(name)}" for place, name in enumerate(files))
        pointer = "/" + escaped(self._stream.id or "")
        message = f"{pointer}: id_conflict: {self._table.name} has a row of this id with other values"
        values = {
            "datecreated": time(loaded_at), "messageid": f"LEFT({_RECORD}, 256)", "errormessage": text(message),
            "payload": payload, "payload_ref": f"CASE _entry {cases} ELSE '' END",
            "reject_id": f"{text(f'id_conflict/{self._stream.name}/')} || {_RECORD}", "reason": "'id_conflict'",
            "pointer": text(pointer), "pattern": text(pointer), "stage": "'load'", "source_kind": "'stream'",
            "source": text(self._stream.name), "source_id": _RECORD, "sent_at": quoted(ARRIVED.name),
            "payload_encoding": "'text'",
        }  # fmt: skip
        columns = ", ".join(quoted(each) for each in values)
        return (
            f"INSERT INTO {quoted(REJECTS.name)} ({columns}) SELECT {', '.join(values.values())} FROM {self.judged}"
            " WHERE _outcome = 'conflict'"
        )

    def _prefixed(self, alias: str) -> str:
        return ", ".join(f"{alias}.{quoted(each.name)}" for each in self._table.columns)

    def _same(self, column: Column) -> str:
        ours, theirs = (f"{alias}.{quoted(column.name)}" for alias in "rf")
        if not column.path:  # the whole record
            ours, theirs = (f"CAST({each} AS VARCHAR)" for each in (ours, theirs))
            for name in WRITTEN_ANEW:
                ours, theirs = (f"REGEXP_REPLACE({each}, {_MEMBER.format(name)}, '')" for each in (ours, theirs))
        return f"({ours} = {theirs} OR ({ours} IS NULL AND {theirs} IS NULL))"


def listed(entries: Sequence[LogEntry]) -> str:
    """The query for the ranges that have no line yet, `_entry` being their place."""
    rows = " UNION ALL ".join(
        f"SELECT {place} AS _entry, {text(each.stream)} AS stream, {text(each.shard)} AS shard,"
        f" {each.number} AS number, {each.delivery} AS delivery,"
        f" {text(each.first)} AS first_sequence, {text(each.last)} AS last_sequence"
        for place, each in enumerate(entries)
    )
    return (
        f"SELECT n.* FROM ({rows}) n LEFT JOIN {quoted(LOADS.name)} l"
        " ON l.stream = n.stream AND l.shard = n.shard AND l.number = n.number WHERE l.number IS NULL"
    )


def oldest(stream: str) -> str:
    """The query for the oldest line of each shard: its number, and the first record of its range."""
    lines = f"(SELECT * FROM {quoted(LOADS.name)} WHERE stream = {text(stream)})"
    return (
        f"SELECT l.shard, l.number, l.first_sequence FROM {lines} l"
        f" JOIN (SELECT shard, MIN(number) AS number FROM {lines} n GROUP BY shard) m"
        " ON l.shard = m.shard AND l.number = m.number"
    )


def unloading(entries: Sequence[LogEntry], tables: Sequence[str]) -> Iterator[str]:
    """The statements that take ranges out of these tables, with their lines and the conflicts that they made.

    Of an amendment the line only: its rows are of an earlier range, and go with that.
    """
    for entry in entries:
        yield (
            f"DELETE FROM {quoted(LOADS.name)} WHERE stream = {text(entry.stream)} AND shard = {text(entry.shard)}"
            f" AND number = {entry.number}"
        )
        if entry.amendment:
            continue
        numbers = f"BETWEEN {_padded(text(entry.first))} AND {_padded(text(entry.last))}"
        for table in tables:
            yield f"DELETE FROM {quoted(table)} WHERE {of_range(entry)}"
        source = f"SUBSTRING(source_id, {len(entry.shard) + 2})"
        yield (
            f"DELETE FROM {quoted(REJECTS.name)} WHERE reason = 'id_conflict' AND source = {text(entry.stream)}"
            f" AND LEFT(source_id, {len(entry.shard) + 1}) = {text(entry.shard + '/')} AND {_padded(source)} {numbers}"
        )


def moved(entries: Sequence[LogEntry], tables: Sequence[Deduplication]) -> Iterator[str]:
    """The statement that takes out the rejects that amendments among these move."""
    places = ", ".join(str(place) for place, entry in enumerate(entries) if entry.amendment)
    if places:
        of = " OR ".join(
            f"(source = {text(each.stream)} AND source_id IN"
            f" (SELECT {_RECORD} FROM {each.staged} WHERE _entry IN ({places})))"
            for each in tables
        )
        yield f"DELETE FROM {quoted(REJECTS.name)} WHERE reason <> 'id_conflict' AND source_kind = 'stream' AND ({of})"


def of_range(entry: LogEntry) -> str:
    """Which rows are of it."""
    numbers = f"BETWEEN {_padded(text(entry.first))} AND {_padded(text(entry.last))}"
    return f'"_shard" = {text(entry.shard)} AND {_padded(_OF_ROW)} {numbers}'


def _padded(sequence: str) -> str:
    """Sequence numbers are compared as numbers, and have more digits than any type of number."""
    return f"LPAD({sequence}, 129, '0')"


def lines(entries: Sequence[LogEntry], tables: Sequence[Deduplication], loaded_at: datetime) -> str:
    """The lines of the ranges, with what became of their rows in these tables: what is not doubted is new."""
    counts = ", ".join(
        f"COALESCE(SUM(CASE WHEN j._outcome = '{outcome}' THEN j._count END), 0)"
        for outcome in ("row", "repeat", "conflict")
    )
    outcomes = " UNION ALL ".join(
        f"SELECT _entry, 'row' AS _outcome, COUNT(*) AS _count FROM {each.staged} GROUP BY _entry"
        f" UNION ALL SELECT _entry, 'row' AS _outcome, -COUNT(*) AS _count FROM {each.judged}"
        " WHERE _outcome <> 'row' GROUP BY _entry"
        f" UNION ALL SELECT _entry, _outcome, COUNT(*) AS _count FROM {each.judged}"
        " WHERE _outcome <> 'row' GROUP BY _entry, _outcome"
        for each in tables
    )
    own = "e.stream, e.shard, e.number, e.delivery, e.first_sequence, e.last_sequence"
    return (
        f"INSERT INTO {quoted(LOADS.name)} ({names_of(LOADS)})"
        f" SELECT {own}, {counts}, {time(loaded_at)} FROM ({listed(entries)}) e"
        f" LEFT JOIN ({outcomes}) j ON j._entry = e._entry GROUP BY {own}"
    )


def span(entries: Sequence[LogEntry], window: timedelta) -> tuple[datetime, datetime]:
    """From when to when rows arrived that one of these may repeat."""
    times = [each for entry in entries for each in (entry.arrived_first, entry.arrived_last) if each]
    return min(times) - window, max(times) + window
