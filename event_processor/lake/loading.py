"""A load as statements of SQL that DuckDB and Redshift both run: what is new, what is a repeat, what contradicts. Pure.

    staged  the rows of all ranges of the load, `_entry` says of which
    known   the rows of the table that have an id of theirs, and arrived within the window of them
    judged  the staged rows with their outcome: row, repeat or conflict
    tally   how many of each, by entry

These are temporary tables, made for each table that is loaded, but `tally`, which is there once.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from event_processor.contracts.streams import Stream
from event_processor.json_document import escaped
from event_processor.lake.columns import ARRIVED, PROCESSED_AT, Column, Kind, Table
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
_TIME_IN_IT: Final = f'\'"{PROCESSED_AT.name}": *"[^"]*"\''
_RECORD: Final = '"_shard" || \'/\' || "_sequence"'


def text(value: str | None) -> str:
    """As a literal of SQL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def time(moment: datetime) -> str:
    """As a literal of SQL; UTC."""
    return f"TIMESTAMP '{moment.replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}'"


class Deduplication:
    """The statements from `staged` to the table, for one table."""

    def __init__(self, table: Table, stream: Stream) -> None:
        self._table, self._stream = table, stream
        self._id = quoted(table.id.name) if table.id else ""

    def known(self, entries: Sequence[LogEntry], window: timedelta) -> str:
        """All at once, by a join; `stores` has another way for DuckDB."""
        name, (since, until) = self._id, span(entries, window)
        return (
            f"CREATE TEMP TABLE known AS SELECT {self._prefixed('t')} FROM {quoted(self._table.name)} t"
            f" JOIN (SELECT DISTINCT {name} FROM staged) s ON t.{name} = s.{name}"
            f" WHERE t.{quoted(ARRIVED.name)} BETWEEN {time(since)} AND {time(until)}"
        )

    def judged(self) -> Iterator[str]:
        """What becomes of each staged row."""
        if not self._id:
            yield "CREATE TEMP TABLE judged AS SELECT staged.*, 'row' AS _outcome FROM staged"
            return
        name, order = self._id, '"_arrived", LENGTH("_sequence"), "_sequence"'
        yield (
            "CREATE TEMP TABLE ranked AS SELECT staged.*, ROW_NUMBER() OVER"
            f" (PARTITION BY COALESCE({name}, {_RECORD}) ORDER BY {order}) AS _place FROM staged"
        )
        yield (
            f"CREATE TEMP TABLE firsts AS SELECT {names_of(self._table)}, 0 AS _is_new FROM"
            f" (SELECT known.*, ROW_NUMBER() OVER (PARTITION BY {name} ORDER BY {order}) AS _place FROM known) k"
            " WHERE _place = 1"
        )
        yield (
            f"INSERT INTO firsts SELECT {names_of(self._table)}, 1 FROM ranked WHERE _place = 1 AND {name} IS NOT NULL"
            f" AND {name} NOT IN (SELECT {name} FROM known)"
        )
        same = " AND ".join(self._same(each) for each in self._table.compared)
        yield (
            f"CREATE TEMP TABLE judged AS SELECT r._entry, {self._prefixed('r')}, CASE"
            f" WHEN r._place = 1 AND COALESCE(f._is_new, 1) = 1 THEN 'row'"
            f" WHEN {same} THEN 'repeat' ELSE 'conflict' END AS _outcome"
            f" FROM ranked r LEFT JOIN firsts f ON r.{name} = f.{name}"
        )
        yield from (f"DROP TABLE {each}" for each in ("known", "ranked", "firsts"))

    def stored(self, entries: Sequence[LogEntry], loaded_at: datetime, payload: str = "''") -> Iterator[str]:
        """The new rows into the table, the conflicts among the rejects, and all of them counted."""
        names = names_of(self._table)
        yield f"INSERT INTO {quoted(self._table.name)} ({names}) SELECT {names} FROM judged WHERE _outcome = 'row'"
        if self._id:
            yield self._conflicts(entries, loaded_at, payload)
        yield "INSERT INTO tally SELECT _entry, _outcome, COUNT(*) FROM judged GROUP BY _entry, _outcome"
        yield from (f"DROP TABLE {each}" for each in ("judged", "staged"))

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
            f"INSERT INTO {quoted(REJECTS.name)} ({columns}) SELECT {', '.join(values.values())} FROM judged"
            " WHERE _outcome = 'conflict'"
        )

    def _prefixed(self, alias: str) -> str:
        return ", ".join(f"{alias}.{quoted(each.name)}" for each in self._table.columns)

    def _same(self, column: Column) -> str:
        ours, theirs = (f"{alias}.{quoted(column.name)}" for alias in "rf")
        if not column.path and PROCESSED_AT in self._table.columns:  # it is in the whole record, too
            ours, theirs = (f"REGEXP_REPLACE(CAST({each} AS VARCHAR), {_TIME_IN_IT}, '')" for each in (ours, theirs))
        return f"({ours} = {theirs} OR ({ours} IS NULL AND {theirs} IS NULL))"


def lines(entries: Sequence[LogEntry], loaded_at: datetime) -> str:
    """The lines of the ranges in `quality.loads`, with what became of their rows."""
    listed = " UNION ALL ".join(
        f"SELECT {place} AS _entry, {text(each.stream)} AS stream, {text(each.shard)} AS shard,"
        f" {each.number} AS number, {each.delivery} AS delivery,"
        f" {text(each.first)} AS first_sequence, {text(each.last)} AS last_sequence"
        for place, each in enumerate(entries)
    )
    counts = ", ".join(
        f"COALESCE(SUM(CASE WHEN t._outcome = '{outcome}' THEN t._count END), 0)"
        for outcome in ("row", "repeat", "conflict")
    )
    own = "e.stream, e.shard, e.number, e.delivery, e.first_sequence, e.last_sequence"
    return (
        f"INSERT INTO {quoted(LOADS.name)} ({names_of(LOADS)})"
        f" SELECT {own}, {counts}, {time(loaded_at)} FROM ({listed}) e"
        f" LEFT JOIN tally t ON t._entry = e._entry GROUP BY {own}"
    )


def span(entries: Sequence[LogEntry], window: timedelta) -> tuple[datetime, datetime]:
    """From when to when rows arrived that one of these may repeat."""
    times = [each for entry in entries for each in (entry.arrived_first, entry.arrived_last) if each]
    return min(times) - window, max(times) + window
