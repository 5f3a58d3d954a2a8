"""What `lake verify` finds, and the checks that need nothing but the log and the files of one range. Pure."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from event_processor.consuming.records import StreamRecord
from event_processor.lake.layout import entry_name
from event_processor.lake.ranges import LakeFile, LogEntry, digest
from event_processor.lake.raw import record_of


class Finding(NamedTuple):
    """Damage: what kind, of which object or table, and what is wrong with it."""

    kind: str
    place: str
    detail: str


@dataclass(slots=True)
class Chain:
    """The entries of one shard, taken in the order of their numbers; each is held against the one before."""

    stream: str
    shard: str
    newest: LogEntry | None = None
    first: str | None = None
    records: int = 0
    content: bytes | None = None
    """Of the newest; None behind an entry that is missing."""
    compacted: str | None = None
    """The last record of the newest compaction."""

    def take(self, number: int, content: bytes) -> "tuple[LogEntry | None, list[Finding]]":
        """The entry, and what is wrong with it."""
        name = entry_name(self.stream, self.shard, number)
        try:
            entry = LogEntry.read(content)
        except ValueError as error:
            self.content = content
            return None, [Finding("altered", name, str(error))]
        found = [Finding(kind, name, detail) for kind, detail in self._wrong(number, entry)]
        self.content, self.newest = content, entry
        self.first = self.first or entry.first
        self.records += entry.records
        if entry.compaction:
            self.compacted = entry.compaction.last
        return entry, found

    def gone(self, number: int) -> Finding:
        """There is no entry of that number."""
        self.content = None
        name = entry_name(self.stream, self.shard, number)
        return Finding("gap", name, "the log has no entry of this number, and has later ones")

    def _wrong(self, number: int, entry: LogEntry) -> Iterator[tuple[str, str]]:
        if (entry.stream, entry.shard, entry.number) != (self.stream, self.shard, number):
            yield "altered", f"it is entry {entry.number} of {entry.stream}/{entry.shard}"
        if self.content is not None and entry.predecessor != digest(self.content):
            yield (
                "altered",
                "it has another hash of the entry before it than that has: one of them was altered",
            )
        if number == 1 and entry.predecessor is not None:
            yield "gap", "the first entry names one before it"
        last = int((self.newest and self.newest.last) or 0)
        if entry.first is not None and int(entry.first) <= last:
            yield "range_twice", f"it begins with {entry.first}, and the ranges before it go to {last}"
        if entry.first is None and self.content is not None and int(entry.last or 0) != last:
            yield "gap", f"it has no records, and goes on behind {entry.last}; the ranges before it go to {last}"
        if self.content is not None and self.newest and entry.revised_by != self.newest.newest_revision:
            yield "altered", f"it names {entry.revised_by} as the newest compaction or amendment before it"
        if entry.records != entry.rows + entry.rejects:
            yield "count", f"{entry.records} records are not {entry.rows} rows and {entry.rejects} rejects"


def wrong_bytes(file: LakeFile, content: bytes) -> Finding | None:
    """Whether a file is another than its entry says."""
    if len(content) != file.bytes or digest(content) != file.sha256:
        was = f"{len(content)} bytes, sha256 {digest(content)[:12]}…"
        return Finding("altered", file.name, f"{was}; the log says {file.bytes}, {file.sha256[:12]}…")
    return None


def lines_of(content: bytes) -> list[bytes]:
    """Of a file of gzip. Raises ValueError for what is none."""
    try:
        return gzip.decompress(content).splitlines(keepends=True)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"no whole gzip: {error}") from None


def records_in(content: bytes) -> list[StreamRecord]:
    """Of a raw file. Raises ValueError."""
    return [record_of(line) for line in lines_of(content)]


def rejected_in(content: bytes, shard: str) -> list[str]:
    """The sequence numbers in a file of rejects. Raises ValueError."""
    try:
        sources = [str(json.loads(line)["source_id"]) for line in lines_of(content)]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no reject of a record: {error}") from None
    return [source.removeprefix(f"{shard}/") for source in sources]


def reject_ids_in(content: bytes) -> list[str]:
    """The ids in a file of rejects. Raises ValueError."""
    try:
        return [str(json.loads(line)["reject_id"]) for line in lines_of(content)]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no reject: {error}") from None


def open_reject_ids_in(content: bytes, shard: str, moved: AbstractSet[str]) -> list[str]:
    """Without those of records that were moved. Raises ValueError."""
    pairs = zip(reject_ids_in(content), rejected_in(content, shard), strict=True)
    return [each for each, sequence in pairs if sequence not in moved]


def wrong_records(entry: LogEntry, name: str, sequences: Sequence[str]) -> Iterator[Finding]:
    """Whether the raw file has the records of the range, in order."""
    numbers = list(map(int, sequences))
    if len(numbers) != entry.records:
        yield Finding("count", name, f"{len(numbers)} records; the log says {entry.records}")
    if numbers and (numbers[0] != int(entry.first or 0) or numbers[-1] != int(entry.last or 0)):
        yield Finding("gap", name, f"records {numbers[0]} to {numbers[-1]}; the log says {entry.first} to {entry.last}")
    if any(later <= before for before, later in pairwise(numbers)):
        yield Finding("order", name, "a record is there twice, or before one that came earlier")


def wrong_amendment(entry: LogEntry, name: str, rows: Sequence[str]) -> Iterator[Finding]:
    """Whether an amendment's files have the rows of the records that it moves."""
    if entry.amendment and sorted(map(int, rows)) != [int(each) for each in entry.amendment.moved]:
        yield Finding("count", name, f"its typed files have {len(rows)} rows; it moves {len(entry.amendment.moved)}")


def wrong_verdicts(
    entry: LogEntry, name: str, raw: Iterable[str], rows: Sequence[str], rejects: Sequence[str], has_table: bool
) -> Iterator[Finding]:
    """Whether each record is a row or a reject, and is one of them once."""
    both = [*rows, *rejects]
    if len(set(both)) != len(both):
        yield Finding("count", name, "a record is a row and a reject, or one of them twice")
    wanted, found = set(raw), set(both)
    if strange := sorted(found - wanted, key=int):
        yield Finding("count", name, f"{len(strange)} rows or rejects of no record in it, such as {strange[0]}")
    if has_table and (lost := sorted(wanted - found, key=int)):
        yield Finding("count", name, f"{len(lost)} records are neither row nor reject, such as {lost[0]}")
    if has_table and len(rows) != entry.rows:
        yield Finding("count", name, f"its typed files have {len(rows)} rows; the log says {entry.rows}")
    if len(rejects) != entry.rejects:
        yield Finding("count", name, f"its file of rejects has {len(rejects)}; the log says {entry.rejects}")
