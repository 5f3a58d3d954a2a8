"""What is counted of a range, by buckets of the time of arrival: what delivery's metrics are made of. Pure.

The counts are in the log with the range. So whoever adds them up finds the same numbers, however often delivery was
restarted or killed since, and wherever it cut its ranges. Only distinct values are counted within a range.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from event_processor.contracts.streams import Stream
from event_processor.errors import CallFailed
from event_processor.lake.columns import OWN, Kind, Table, tables_of
from event_processor.lake.gathering import Range
from event_processor.lake.ranges import Tally
from event_processor.telling import StepObserver

COUNT: Final = "count"
OTHER: Final = "(other)"
"""Stands for all values of a dimension that are not told apart."""
NONE: Final = "(none)"
MOST_COLUMNS: Final = 60
"""Of a table, that are counted."""
_MOST_VALUES: Final = 100
_LONGEST_VALUE: Final = 60


class Counts(NamedTuple):
    """Of the rows of a file that arrived in one bucket: rows, and for each column how many values, how many distinct.

    `groups`: rows by the values of the dimension.
    """

    rows: int
    columns: Mapping[str, tuple[int, int]]
    groups: Mapping[str | None, int]


class Counting(Protocol):
    """Counts the rows of files of Parquet. Raises CallFailed."""

    def counts(
        self, content: bytes, columns: Sequence[str], dimension: str | None, seconds: int
    ) -> Mapping[int, Counts]:
        """By the start of buckets of so many seconds."""
        ...


@dataclass(slots=True)
class _Bucket:
    oldest: float
    newest: float
    records: int = 0
    bytes: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    groups: Counter[str] = field(default_factory=Counter)
    columns: dict[str, dict[str, tuple[int, int, int]]] = field(default_factory=dict)


class Tallying:
    """Counts the ranges of one stream."""

    def __init__(self, stream: Stream, counting: Counting, seconds: int, observer: StepObserver) -> None:
        self._stream, self._counting, self._seconds, self._observer = stream, counting, seconds, observer

    def __call__(self, range_: Range, typed: Mapping[str, bytes]) -> tuple[Tally, ...]:
        """Given its typed files by table. Whatever goes wrong with it is told, and the range goes on without counts."""
        try:
            return tallies(range_, self._counts(range_, typed), self._seconds)
        except CallFailed as error:
            self._observer.failing(COUNT, error)
        except Exception as error:  # noqa: BLE001 - a bug of ours is no reason to deliver nothing
            self._observer.failing(COUNT, CallFailed(COUNT, type(error).__name__, str(error)))
        return ()

    def _counts(self, range_: Range, typed: Mapping[str, bytes]) -> dict[str, Mapping[int, Counts]]:
        tables = {table.name: table for table in tables_of(self._stream, range_.contracts.contracts).values()}
        found = {}
        for name, content in typed.items():
            of_table = {each.name for each in tables[name].columns}
            dimension = self._stream.dimension if self._stream.dimension in of_table else None
            found[name] = self._counting.counts(content, counted_columns(tables[name]), dimension, self._seconds)
        if typed:
            self._observer.working(COUNT)
        return found


def counted_columns(table: Table) -> list[str]:
    """The columns of a table that have metrics: not ours, and no JSON."""
    names = [each.name for each in table.columns if each not in OWN and each.kind is not Kind.JSON]
    return names[:MOST_COLUMNS]


def tallies(range_: Range, typed: Mapping[str, Mapping[int, Counts]], seconds: int) -> tuple[Tally, ...]:
    """Of a range, given the counts of its typed files by table."""
    buckets = dict[int, _Bucket]()
    rejects = iter(range_.rejects)
    for record, is_sound in zip(range_.records, range_.sound, strict=True):
        arrived = record.arrived.timestamp()
        start = int(arrived // seconds) * seconds
        bucket = buckets.get(start)
        if bucket is None:
            bucket = buckets[start] = _Bucket(arrived, arrived)
        bucket.records += 1
        bucket.bytes += len(record.data)
        bucket.oldest, bucket.newest = min(bucket.oldest, arrived), max(bucket.newest, arrived)
        if not is_sound:
            bucket.rejects[str(next(rejects).faults[0].reason)] += 1
    for table, of_table in typed.items():
        for start, counts in of_table.items():
            if (bucket := buckets.get(start)) is not None:
                bucket.columns[table] = {name: (counts.rows, *both) for name, both in counts.columns.items()}
                bucket.groups.update(_told_apart(counts.groups))
    return tuple(_written(start, seconds, bucket) for start, bucket in sorted(buckets.items()))


def _told_apart(groups: Mapping[str | None, int]) -> Counter[str]:
    most = sorted(groups.items(), key=lambda each: (-each[1], each[0] or ""))
    found: Counter[str] = Counter()
    for place, (value, rows) in enumerate(most):
        name = NONE if value is None else value[:_LONGEST_VALUE]
        found[name if place < _MOST_VALUES else OTHER] += rows
    return found


def _written(start: int, seconds: int, bucket: _Bucket) -> Tally:
    return Tally(
        start=start,
        seconds=seconds,
        oldest=bucket.oldest,
        newest=bucket.newest,
        records=bucket.records,
        bytes=bucket.bytes,
        rejects=dict(bucket.rejects),
        groups=dict(bucket.groups),
        columns=bucket.columns,
    )
