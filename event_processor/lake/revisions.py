"""What later entries of a shard's log say of earlier ranges: where their files are now, and which rejects are rows."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.lake.layout import entry_name, entry_number, log_folder
from event_processor.lake.ports import Files
from event_processor.lake.ranges import LogEntry, digest

ABSENT = "NoSuchKey"
"""The code of CallFailed for a file that is not there."""


class Replaced(NamedTuple):
    """From which range to which a compaction has replaced their files, its own number, and when it was written."""

    first: int
    last: int
    number: int
    written: datetime


class Revisions:
    """Of one shard up to an entry, in the order of their numbers. Entries that cannot be read are stepped over.

    One compaction and its raw file are kept, so ask for ranges in order.
    """

    def __init__(self, files: Files, stream: str, shard: str, newest: int) -> None:
        self._files, self._stream, self._shard = files, stream, shard
        self.compactions: list[Replaced] = []
        self.amendments: dict[int, list[int]] = defaultdict(list)
        """The numbers of the amendments of a range."""
        self.newest: int | None = None
        """The number of the newest of them."""
        for entry in self._walked(newest):
            self.newest = self.newest or entry.number
            if entry.compaction:
                parts = entry.compaction.parts
                self.compactions.append(Replaced(parts[0].number, parts[-1].number, entry.number, entry.written))
            elif entry.amendment:
                self.amendments[entry.amendment.of].insert(0, entry.number)
        self.compactions.reverse()
        self._kept: LogEntry | None = None
        self._raw: tuple[str, bytes] = "", b""

    def entry(self, number: int) -> LogEntry:
        """One of the log. Raises CallFailed."""
        name = entry_name(self._stream, self._shard, number)
        try:
            return LogEntry.read(self._files.get(name))
        except ValueError as error:
            raise CallFailed("read_log", "NoEntry", f"{name}: {error}") from error

    def compaction_of(self, number: int) -> LogEntry | None:
        """What has replaced the files of a range, if anything. Raises CallFailed."""
        at = bisect_right(self.compactions, number, key=lambda each: each.first) - 1
        if at < 0 or self.compactions[at].last < number:
            return None
        if self._kept is None or self._kept.number != self.compactions[at].number:
            self._kept = self.entry(self.compactions[at].number)
        return self._kept

    def resolved(self, entry: LogEntry) -> LogEntry:
        """A range with the files that have its rows now, others' among them. Raises CallFailed."""
        of = self.compaction_of(entry.number)
        if of is None or of.compaction is None or entry.amendment:
            return entry
        kept = [file for file in entry.files if file.kind == "rejects"]
        tables = {file.table for file in entry.typed()}
        found = [file for file in of.compaction.files if file.kind == "raw" or file.table in tables]
        return replace(entry, files=(*found, *kept))

    def raw(self, entry: LogEntry) -> bytes:
        """The raw file of a range as it was written, wherever it is now. Raises CallFailed, and ValueError."""
        file, of = entry.raw(), self.compaction_of(entry.number)
        if file is None:
            raise ValueError("it names no raw file")
        if of is None or of.compaction is None:
            return self._files.get(file.name)
        (at,) = [part.at for part in of.compaction.parts if part.number == entry.number]
        (whole,) = [each.name for each in of.compaction.files if each.kind == "raw"]
        if self._raw[0] != whole:
            self._raw = whole, self._files.get(whole)
        return self._raw[1][at : at + file.bytes]

    def moved(self, number: int) -> set[str]:
        """The records of a range that were rejects, and are rows. Raises CallFailed."""
        found = [self.entry(each).amendment for each in self.amendments.get(number, ())]
        return {sequence for amendment in found if amendment for sequence in amendment.moved}

    def add(self, entry: LogEntry) -> None:
        """One more, behind all others."""
        self.newest = entry.number
        if entry.amendment:
            self.amendments[entry.amendment.of].append(entry.number)

    def _walked(self, number: int | None) -> Iterator[LogEntry]:
        """The newest first."""
        while number:
            try:
                entry = self.entry(number)
            except CallFailed as failure:
                if failure.code not in {ABSENT, "NoEntry"}:
                    raise
                number -= 1
                continue
            if entry.newest_revision == number:
                yield entry
            number = entry.revised_by if entry.newest_revision == number else entry.newest_revision


def revise(files: Files, draft: LogEntry, seen: int | None, clock: Clock) -> LogEntry:
    """Write a compaction or an amendment behind the newest entry of its shard, whoever else writes there.

    It is as if by the delivery that is at work, which goes on behind it. Returns the entry; or another one's, if that
    was written since the revision `seen` and is about the same ranges. The draft's number is one that the log has.
    Raises CallFailed; whether it was written is seen then in the log.
    """
    folder, known = log_folder(draft.stream, draft.shard), draft.number
    while True:
        numbers = map(entry_number, files.names(folder, entry_name(draft.stream, draft.shard, known - 1)))
        known = max(filter(None, numbers), default=known)
        content = files.get(entry_name(draft.stream, draft.shard, known))
        newest = LogEntry.read(content)
        if (revision := newest.newest_revision) != seen:
            for other in _since(files, draft, revision, seen):
                if _are_about_the_same(draft, other):
                    return other
            seen = revision
        entry = replace(
            draft,
            number=newest.number + 1,
            predecessor=digest(content),
            delivery=newest.delivery,
            last=newest.last,
            until=newest.until,
            ended=newest.ended,
            opened_by=newest.newest_opening,
            revised_by=revision,
            written=clock.now(),
        )
        if files.put_new(entry_name(entry.stream, entry.shard, entry.number), entry.written_out()):
            return entry


def _since(files: Files, draft: LogEntry, revision: int | None, seen: int | None) -> Iterator[LogEntry]:
    while revision is not None and revision != seen:
        other = LogEntry.read(files.get(entry_name(draft.stream, draft.shard, revision)))
        yield other
        revision = other.revised_by


def _are_about_the_same(left: LogEntry, right: LogEntry) -> bool:
    if left.compaction and right.compaction:
        return bool({each.number for each in left.compaction.parts} & {each.number for each in right.compaction.parts})
    return bool(left.amendment and right.amendment and left.amendment.of == right.amendment.of)
