"""Small files into large ones: of ranges that are loaded, of one hour and one set of contracts, shard by shard.

The order is: large files, log entry, and a day later the small files go, so that whoever has begun to read them can.
A kill between any two steps leaves a lake that is whole; the next compaction makes the same files, and goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.lake.findings import Finding, wrong_bytes
from event_processor.lake.layout import compacted_name
from event_processor.lake.ports import Files
from event_processor.lake.ranges import Compaction, LakeFile, LogEntry, Part, digest
from event_processor.lake.revisions import ABSENT, Revisions, revise

KEPT: Final = timedelta(days=1)
"""Files that were replaced stay so long."""
_MOST_BYTES: Final = 16 * 1024 * 1024
"""Of a large file: whoever verifies or rebuilds has one in memory, unpacked."""
_LATE: Final = timedelta(hours=1)
"""So long after its hour an hour is thought to be complete, if no later range says so."""
Merge = Callable[[Sequence[bytes]], tuple[bytes, int]]


class Compacted(NamedTuple):
    """What became of a stream: ranges whose files were replaced, by how many, what was removed, and what waits."""

    ranges: int = 0
    files: int = 0
    into: int = 0
    bytes: int = 0
    removed: int = 0
    to_load: int = 0
    left_alone: int = 0


@dataclass(slots=True)
class _Run:
    """Ranges on their way into large files, with the content of theirs."""

    entries: list[LogEntry] = field(default_factory=list)
    contents: dict[str | None, list[bytes]] = field(default_factory=dict)
    """The raw files under None, the typed ones under their table."""

    def add(self, entry: LogEntry, contents: dict[str, bytes]) -> None:
        self.entries.append(entry)
        for file in _replaceable(entry):
            self.contents.setdefault(file.table, []).append(contents[file.name])


class Compacting:
    """Of one lake. `loaded` says how far the warehouse is, None without one. Each call raises CallFailed.

    `found` is told of damage: such ranges are left as they are.
    """

    def __init__(self, files: Files, merge: Merge, clock: Clock, found: Callable[[Finding], None]) -> None:
        self._files, self._merge, self._clock, self._found = files, merge, clock, found
        self._done = Compacted()

    def shard(
        self, stream: str, shard: str, newest: int, loaded: int | None, step: Callable[[], None] = lambda: None
    ) -> Compacted:
        """One shard up to its newest entry; `step` for each entry that was not looked at before."""
        self._done = Compacted()
        revisions = Revisions(self._files, stream, shard, newest)
        for ranges in self._complete(revisions, newest, step):
            if loaded is not None and any(entry.typed() and entry.number > loaded for entry in ranges):
                self._count(Compacted(to_load=len(ranges)))
            elif len(ranges) > 1:
                self._compact(ranges, revisions, newest)
        self._remove(revisions)
        return self._done

    def _complete(self, revisions: Revisions, newest: int, step: Callable[[], None]) -> Iterator[list[LogEntry]]:
        """Ranges that belong together, if no more can come to them."""
        some: list[LogEntry] = []
        entry = None
        for number in range((revisions.compactions[-1].last if revisions.compactions else 0) + 1, newest + 1):
            entry = revisions.entry(number)
            step()
            if entry.first is None:
                continue
            if some and (_key(some[0]) != _key(entry) or _bytes([*some, entry]) > _MOST_BYTES):
                yield some
                some = []
            some.append(entry)
        if some and entry and (entry.ended or _hour(some[0]) + timedelta(hours=1) + _LATE < self._clock.now()):
            yield some

    def _compact(self, ranges: Sequence[LogEntry], revisions: Revisions, newest: int) -> None:
        run = _Run()
        for entry in ranges:
            contents = self._contents(entry)
            if contents is None:
                self._count(Compacted(left_alone=1))
                self._replace(run, revisions, newest)
                run = _Run()
            else:
                run.add(entry, contents)
        self._replace(run, revisions, newest)

    def _contents(self, entry: LogEntry) -> dict[str, bytes] | None:
        """Of its raw and typed files; None if one is altered, which is told, or gone."""
        found = {}
        for file in _replaceable(entry):
            try:
                found[file.name] = self._files.get(file.name)
            except CallFailed as failure:
                if failure.code != ABSENT:
                    raise
                return None
            if wrong := wrong_bytes(file, found[file.name]):
                self._found(wrong)
                return None
        return found if entry.raw() else None

    def _replace(self, run: _Run, revisions: Revisions, newest: int) -> None:
        if len(run.entries) < 2:
            return
        entries = run.entries
        made = {file.name: (file, content) for file, content in self._made(run)}
        for name, (_, content) in made.items():
            self._files.put(name, content)
        parts, at = [], 0
        for entry in entries:
            parts.append(Part(entry.number, at))
            at += sum(file.bytes for file in entry.files if file.kind == "raw")
        first, last = entries[0], entries[-1]
        large = tuple(file for file, _ in made.values())
        compaction = Compaction(str(first.first), str(last.last), tuple(parts), large)
        draft = LogEntry(
            first.stream, first.shard, newest, 0, self._clock.now(), None, None, contracts=first.contracts,
            compaction=compaction,
        )  # fmt: skip
        entry = revise(self._files, draft, revisions.newest, self._clock)
        if entry.compaction == compaction:
            revisions.add(entry)
            before = sum(len(_replaceable(each)) for each in entries)
            self._count(Compacted(len(entries), before, len(made), sum(file.bytes for file in large)))
            return
        theirs = {file.name for file in entry.compaction.files} if entry.compaction else set()
        for name in made.keys() - theirs:  # another compaction was faster
            self._files.delete(name)

    def _made(self, run: _Run) -> Iterator[tuple[LakeFile, bytes]]:
        first, last = str(run.entries[0].first), str(run.entries[-1].last)
        names = {file.table: file.name for entry in reversed(run.entries) for file in _replaceable(entry)}
        rows = dict.fromkeys(names, 0)
        for entry in run.entries:
            for file in _replaceable(entry):
                rows[file.table] += file.rows
        for table, contents in run.contents.items():
            content, count = self._merge(contents) if table else (b"".join(contents), rows[None])
            if count != rows[table]:
                raise CallFailed("compact", "RowsLost", f"{names[table]}: {count} rows of {rows[table]}")
            name, sha256 = compacted_name(names[table], first, last, digest(content)), digest(content)
            yield LakeFile(name, "typed" if table else "raw", sha256, len(content), count, table), content

    def _remove(self, revisions: Revisions) -> None:
        """What was replaced a day ago, the oldest first: so behind one that is gone nothing is left."""
        waiting: list[LogEntry] = []
        for each in reversed(revisions.compactions):
            if each.written > self._clock.now() - KEPT:
                continue
            originals = self._originals(each.last, revisions)
            if originals and not self._is_there(originals[-1]):
                break
            waiting.append(revisions.entry(each.number))
        for entry in reversed(waiting):
            if entry.compaction and self._is_whole(entry.compaction):
                self._remove_originals(entry.compaction, revisions)

    def _remove_originals(self, compaction: Compaction, revisions: Revisions) -> None:
        for file in compaction.files:  # others of the same ranges are of a compaction that was killed
            stem = file.name.rpartition("-c")[0] + "-c"
            for name in list(self._files.names(stem)):
                if name != file.name:
                    self._files.delete(name)
        for part in compaction.parts:
            for name in self._originals(part.number, revisions):
                self._files.delete(name)
                self._count(Compacted(removed=1))

    def _is_whole(self, compaction: Compaction) -> bool:
        """Its files are the only ones afterwards."""
        for file in compaction.files:
            try:
                wrong = wrong_bytes(file, self._files.get(file.name))
            except CallFailed as failure:
                if failure.code != ABSENT:
                    raise
                wrong = Finding("file_gone", file.name, "the log names it, and it is not there")
            if wrong:
                self._found(wrong)
                return False
        return True

    def _originals(self, number: int, revisions: Revisions) -> list[str]:
        """The raw file last."""
        return [file.name for file in reversed(_replaceable(revisions.entry(number)))]

    def _is_there(self, name: str) -> bool:
        return next(self._files.names(name), None) == name

    def _count(self, more: Compacted) -> None:
        self._done = total(self._done, more)


def total(left: Compacted, right: Compacted) -> Compacted:
    """Both together."""
    return Compacted(*(one + other for one, other in zip(left, right, strict=True)))


def _replaceable(entry: LogEntry) -> list[LakeFile]:
    """Its raw and typed files, raw first. What reads rejects knows each file by its name."""
    return sorted((file for file in entry.files if file.kind != "rejects"), key=lambda file: file.kind)


def _key(entry: LogEntry) -> tuple[datetime, int | None]:
    return _hour(entry), entry.contracts


def _hour(entry: LogEntry) -> datetime:
    arrived = entry.arrived_first or entry.written
    return arrived.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _bytes(entries: Sequence[LogEntry]) -> int:
    return sum(file.bytes for entry in entries for file in _replaceable(entry))
