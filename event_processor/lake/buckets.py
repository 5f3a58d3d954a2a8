"""Buckets of one stream: what ranges add up to, when a bucket is complete, and the metrics of it then. Pure.

A bucket is complete when everything that arrived before its end is counted. What comes late all the same makes a
revision of it, for as long as its counts are kept; the monitor takes the greatest revision.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from event_processor.lake.ports import LoadOutcome
from event_processor.lake.ranges import LogEntry, Tally
from event_processor.lake.tallies import OTHER
from event_processor.metrics.metric import Metric, SeriesId

_LATE: Final = 5
"""For so many buckets counts are kept after they were told."""
_MOST_GROUPS: Final = 50
_MOST_COLUMNS: Final = 300
_FORGOTTEN_SECONDS: Final = 7 * 86_400  # after it was seen last, a value or column has no metrics any more
Columns = dict[str, dict[str, tuple[int, int, int]]]


@dataclass(slots=True)
class Sum:
    """What arrived in one bucket, or was loaded of it. `revision` of what was told, `changed` since then."""

    records: int = 0
    bytes: int = 0
    lag_seconds: float = 0.0
    rejects: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    columns: Columns = field(default_factory=dict)
    loaded: tuple[int, int, int] = (0, 0, 0)
    load_seconds: float | None = None
    revision: int = -1
    changed: bool = False

    def count(self, tally: Tally, written: float) -> None:
        """What a range has of it, that was in the lake at that time."""
        self.records += tally.records
        self.bytes += tally.bytes
        self.lag_seconds = max(self.lag_seconds, written - tally.oldest)
        self.rejects = dict(Counter(self.rejects) + Counter(tally.rejects))
        self.groups = dict(Counter(self.groups) + Counter(tally.groups))
        for table, columns in tally.columns.items():
            of_table = self.columns.setdefault(table, {})
            for name, counts in columns.items():
                before = of_table.get(name, (0, 0, 0))
                of_table[name] = (before[0] + counts[0], before[1] + counts[1], before[2] + counts[2])
        self.changed = True

    def load(self, outcome: LoadOutcome, seconds: float | None) -> None:
        """A range is in the warehouse, so long after its first record arrived, if that is known."""
        self.loaded = (
            self.loaded[0] + outcome.rows,
            self.loaded[1] + outcome.repeats,
            self.loaded[2] + outcome.conflicts,
        )
        if seconds is not None:
            self.load_seconds = max(self.load_seconds or 0.0, seconds)
        self.changed = True


@dataclass(slots=True)
class Book:
    """Of one stream, and of buckets of one length. All that is to be known to go on after a restart.

    `counted` has the number of the last entry of each shard's log that is in here, and `passed` the time of arrival
    before which a shard has nothing that is not. `since` is the first bucket that was not told yet: that of the first
    record of all if the stream `is_new`, else the first that begins while we count. `outbox` has the records that were
    made last: they are sent, and sent again after a restart, the same each time.
    """

    stream: str
    seconds: int
    is_new: bool = False
    counted: dict[str, int] = field(default_factory=dict)
    passed: dict[str, float] = field(default_factory=dict)
    since: int | None = None
    buckets: dict[int, Sum] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    columns: dict[str, dict[str, int]] = field(default_factory=dict)
    newest: float | None = None
    outbox: list[tuple[str, str]] = field(default_factory=list)

    def written_out(self) -> bytes:
        """As JSON."""
        return _BOOK.dump_json(self)

    @classmethod
    def read(cls, content: bytes) -> "Book":
        """Raises ValueError for what is none."""
        return _BOOK.validate_json(content)

    def passes(self, entry: LogEntry) -> None:
        """It is counted, whatever it has."""
        self.counted[entry.shard] = entry.number
        if entry.until is not None:
            self.passed[entry.shard] = max(self.passed.get(entry.shard, 0.0), entry.until.timestamp())

    def is_ahead(self, shard: str) -> bool:
        """Whether nothing more of it is needed for the next bucket: so what is kept is bounded."""
        return self.since is not None and self.passed.get(shard, 0.0) >= self.since + 2 * self.seconds

    def arrived(self, entry: LogEntry) -> int:
        """Count a range. Returns how many of its records came too late to be counted."""
        late = 0
        for tally in entry.tallies:
            if (bucket := self._bucket(tally.start)) is None:
                late += tally.records
                continue
            bucket.count(tally, entry.written.timestamp())
            self.newest = max(self.newest or 0.0, tally.newest)
        self.passes(entry)
        return late

    def loaded(self, entry: LogEntry, outcome: LoadOutcome, seconds: float | None) -> None:
        """Count a range that was loaded, in the bucket that its last record arrived in."""
        newest: datetime | None = entry.arrived_last
        if newest is not None and (bucket := self._bucket(int(newest.timestamp()))) is not None:
            bucket.load(outcome, seconds)
        self.passes(entry)

    def due(self, horizon: float | None) -> Iterator[tuple[int, Sum]]:
        """What is to be told: buckets with late corrections, and the next one that is complete.

        `horizon`: everything that arrived before it is counted.
        """
        if horizon is not None and self.since is None:
            self.since = (int(horizon) // self.seconds + 1) * self.seconds
        if self.since is None:
            return
        since = self.since
        told = [start for start, each in sorted(self.buckets.items()) if each.changed and each.revision >= 0]
        if horizon is not None and since + self.seconds <= horizon:
            told.append(since)
            self.since = since + self.seconds
        for start in told:
            bucket = self.buckets.setdefault(start, Sum())
            bucket.revision += 1
            bucket.changed = False
            yield start, bucket
        for start in [start for start in self.buckets if start < self.since - _LATE * self.seconds]:
            del self.buckets[start]

    def _bucket(self, moment: int) -> Sum | None:
        """None if its counts are not kept any more."""
        start = moment // self.seconds * self.seconds
        if self.since is None and self.is_new:
            self.since = start
        if self.since is not None and start < self.since and start not in self.buckets:
            return None
        return self.buckets.setdefault(start, Sum())


class Telling:
    """Makes the metrics of a bucket. `dimension` is the column whose values have metrics of their own."""

    def __init__(self, book: Book, dimension: str | None, has_several_tables: bool) -> None:
        self._book, self._dimension, self._has_several_tables = book, dimension, has_several_tables

    def of_arrivals(self, start: int, bucket: Sum) -> Iterator[Metric]:
        """What was delivered."""
        book = self._book
        made = self._maker(start, bucket)
        end, records = start + book.seconds, bucket.records
        yield made("records", records, records)
        yield made("rejects", sum(bucket.rejects.values()), records)
        for code in _known(book.codes, bucket.rejects, start, len(bucket.rejects) + len(book.codes)):
            yield made("rejects", bucket.rejects.get(code, 0), records, code=code)
        yield made("bytes", bucket.bytes, records)
        yield made("lag_seconds", round(bucket.lag_seconds, 3) if records else None, records)
        fresh = None if book.newest is None else round(max(0.0, end - min(book.newest, end)), 3)
        yield made("freshness_seconds", fresh, records)
        if self._dimension is not None:
            groups = self._told_apart(start, bucket)
            for value in book.groups:
                yield made("records", groups[value], groups[value], **{self._dimension: value})
        yield from self._columns(start, bucket, made)

    def of_loads(self, start: int, bucket: Sum) -> Iterator[Metric]:
        """What was loaded of it."""
        made = self._maker(start, bucket)
        rows, repeats, conflicts = bucket.loaded
        total = rows + repeats + conflicts
        yield made("load_rows", rows, total)
        yield made("load_repeat_ratio", repeats / total if total else None, total)
        yield made("load_conflicts", conflicts, total)
        yield made("load_seconds", None if bucket.load_seconds is None else round(bucket.load_seconds, 3), total)

    def _maker(self, start: int, bucket: Sum) -> Callable[..., Metric]:
        book = self._book

        def made(name: str, value: float | None, n: int, **dimensions: str) -> Metric:
            series = SeriesId.of(book.stream, name, **dimensions)
            return Metric(series, start, book.seconds, value, n, complete=True, revision=bucket.revision)

        return made

    def _told_apart(self, start: int, bucket: Sum) -> Counter[str]:
        known = set(_known(self._book.groups, bucket.groups, start, _MOST_GROUPS))
        found: Counter[str] = Counter()
        for value, rows in bucket.groups.items():
            found[value if value in known else OTHER] += rows
        if OTHER in found:
            self._book.groups[OTHER] = start
        return found

    def _columns(self, start: int, bucket: Sum, made: Callable[..., Metric]) -> Iterator[Metric]:
        book = self._book
        room = _MOST_COLUMNS - sum(map(len, book.columns.values()))
        for table in sorted({*bucket.columns, *book.columns}):
            seen = bucket.columns.get(table, {})
            known = book.columns.setdefault(table, {})
            before = len(known)
            for name in _known(known, seen, start, before + room):
                rows, filled, distinct = seen.get(name, (0, 0, 0))
                where = {"column": name} | ({"table": table} if self._has_several_tables else {})
                yield made("null_ratio", (rows - filled) / rows if rows else None, rows, **where)
                yield made("distinct_ratio", distinct / filled if filled else None, filled, **where)
            room -= len(known) - before


def _known(known: dict[str, int], seen: Iterable[str], start: int, most: int) -> Iterable[str]:
    """Names that have metrics from now on, and which bucket had them last: new ones as long as there is room."""
    for name in sorted(seen):
        if name in known or len(known) < most:
            known[name] = max(start, known.get(name, start))
    for name in [name for name, last in known.items() if last < start - _FORGOTTEN_SECONDS]:
        del known[name]
    return list(known)


_BOOK: Final = TypeAdapter(Book)
