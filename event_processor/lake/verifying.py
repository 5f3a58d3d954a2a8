"""A lake held against its log: every entry, every file, every record of each range once.

Nothing is kept of a range that has been looked at but counts; names and rows go to who can keep many (`Names`, `Rows`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from event_processor.lake.findings import (
    Chain,
    Finding,
    reject_ids_in,
)
from event_processor.lake.layout import (
    ALL_REJECTS,
    MOVED,
    REJECTS,
    TYPED,
    delivery_epoch,
    entry_name,
    entry_number,
    file_numbers,
    holds_rejects,
    log_folder,
    moved_by,
    raw_folder,
    revision_numbers,
)
from event_processor.lake.ports import Files
from event_processor.lake.range_check import NamedFiles, RangeCheck, Rows, content_of
from event_processor.lake.ranges import LakeFile, LogEntry
from event_processor.lake.revisions import Revisions


class Names(NamedFiles, Protocol):
    """Keeps the names of any number of files."""

    def present(self, name: str) -> None:
        """The lake has a file of this name."""
        ...

    def replaced(self, name: str) -> bool:
        """A compaction's file has what it had. Whether it is still there."""
        ...

    def foreign(self) -> Iterator[str]:
        """Those that are there and that no entry names."""
        ...

    def gone(self) -> Iterator[tuple[str, bool]]:
        """Those that are not there; whether all of their folder that were written until that day are gone, too."""
        ...


@dataclass(slots=True)
class Found:
    """What is known of one stream when all of its log was read."""

    stream: str
    has_table: bool
    shards: dict[str, Chain] = field(default_factory=dict)
    ranges: int = 0
    records: int = 0
    rows: int = 0
    rejects: int = 0
    files: int = 0
    bytes: int = 0
    replaced: int = 0
    """Files that are there still, and that a compaction has replaced."""

    def add(self, entry: LogEntry) -> None:
        """Count what it has; what is moved is a row, and no reject."""
        moved = len(entry.amendment.moved) if entry.amendment else 0
        self.ranges += entry.first is not None
        self.records += entry.records
        self.rows += entry.rows + moved
        self.rejects += entry.rejects - moved

    def take_files(self, files: Sequence[LakeFile]) -> None:
        """Count them."""
        self.files += len(files)
        self.bytes += sum(file.bytes for file in files)


def shards_of(files: Files, stream: str) -> dict[str, int]:
    """The newest number of each shard that has a log. Raises CallFailed."""
    folder = log_folder(stream)
    names = [(name, entry_number(name)) for name in files.names(folder)]
    return {name.removeprefix(folder).partition("/")[0]: number for name, number in names if number is not None}


class Verifier:
    """For one lake. `found` is called with each finding."""

    def __init__(self, files: Files, names: Names, rows: Rows, found: Callable[[Finding], None]) -> None:
        self._files, self._names, self._rows, self._found = files, names, rows, found
        self._epochs: dict[str, int] = {}

    def list_files(self, streams: Sequence[str]) -> None:
        """What is there, before the log is read: so the log has, when it is read, what names all of it."""
        for folder in (*map(raw_folder, streams), TYPED, REJECTS):
            for name in self._files.names(folder):
                self._names.present(name)

    def shards(self, stream: str) -> dict[str, int]:
        """The newest number of each shard that has a log. Raises CallFailed."""
        for name in self._files.names(log_folder(stream)):
            if (epoch := delivery_epoch(name)) is not None:
                self._epochs[stream] = epoch
            elif entry_number(name) is None:
                self._found(Finding("foreign", name, "no entry of a log has such a name"))
        return shards_of(self._files, stream)

    def stream(
        self, stream: str, has_table: bool, shards: dict[str, int], step: Callable[[], None] = lambda: None
    ) -> Found:
        """Every entry of its log, and every file that they name; `step` for each entry. Raises CallFailed."""
        found = Found(stream, has_table)
        for shard, newest in sorted(shards.items()):
            chain = found.shards[shard] = Chain(stream, shard)
            revisions = Revisions(self._files, stream, shard, newest)
            check = RangeCheck(self._files, self._names, self._rows, self._found, revisions, has_table)
            for number in range(1, newest + 1):
                self._entry(found, chain, number, revisions, check)
                step()
        return found

    def rejects_of_others(self, step: Callable[[], None] = lambda: None) -> int:
        """Those of other jobs than delivery, which no log names: how many files can be read; others are found."""
        count, moved = 0, {each for name in self._files.names(MOVED) for each in moved_by(self._files.get(name))}
        for name in self._files.names(ALL_REJECTS):
            if name.startswith(REJECTS) or not holds_rejects(name):
                continue
            content = content_of(self._files, name)
            step()
            try:
                ids = reject_ids_in(content) if content is not None else []
            except ValueError as error:
                self._found(Finding("altered", name, str(error)))
                continue
            self._rows.rejects(name, [each for each in ids if each not in moved])
            count += 1
        return count

    def leftovers(self, found: Sequence[Found]) -> tuple[int, int]:
        """Files that are gone or foreign are found. How many a lifecycle rule removed, and how many are of ranges that
        a delivery is storing now."""
        removed = under_way = 0
        for name, is_history in self._names.gone():
            removed += is_history
            if not is_history:
                self._found(Finding("file_gone", name, "the log names it, and it is not there"))
        for name in self._names.foreign():
            if self._is_under_way(name, found):
                under_way += 1
            else:
                self._found(Finding("foreign", name, "no entry of the log names it, and readers of the folder see it"))
        return removed, under_way

    def _entry(self, found: Found, chain: Chain, number: int, revisions: Revisions, check: RangeCheck) -> None:
        content = content_of(self._files, entry_name(chain.stream, chain.shard, number))
        if content is None:
            self._found(chain.gone(number))
            return
        entry, findings = chain.take(number, content)
        for each in findings:
            self._found(each)
        if entry is None:
            return
        found.add(entry)
        if entry.first is not None or entry.amendment:
            self._rows.logged(entry)
        if entry.compaction:
            found.take_files(entry.compaction.files)
            check.compaction(entry, entry.compaction)
        elif entry.amendment:
            found.take_files(entry.files)
            check.amendment(entry)
        elif entry.first is not None and revisions.compaction_of(number) is None:
            found.take_files(entry.files)
            check.range(entry)
        elif entry.first is not None:
            found.take_files([file for file in entry.files if file.kind == "rejects"])
            found.replaced += sum(self._names.replaced(file.name) for file in entry.files if file.kind != "rejects")

    def _is_under_way(self, name: str, found: Sequence[Found]) -> bool:
        """Whether it is a file of the newest delivery, of records behind the tip that was verified; or of a compaction,
        behind the newest of its shard."""
        if numbers := file_numbers(name):
            owner, first, _, delivery = numbers
            stream, chain = _owner(name, owner, found)
            tip = chain.newest.last if chain and chain.newest else None
            return delivery == self._epochs.get(stream, 0) and int(first) > int(tip or 0)
        if revision := revision_numbers(name):
            owner, first, _, is_compaction = revision
            _, chain = _owner(name, owner, found)
            return is_compaction and chain is not None and int(first) > int(chain.compacted or 0)
        return False


def _owner(name: str, owner: str, found: Sequence[Found]) -> tuple[str, Chain | None]:
    """The stream and the shard that a file is of, by its name."""
    for each in found:
        is_raw = name.startswith(raw_folder(each.stream))
        shard = owner if is_raw else owner.removeprefix(f"{each.stream}-")
        if is_raw or (shard != owner and shard in each.shards):
            return each.stream, each.shards.get(shard)
    return "", None
