"""A lake held against its log: every entry, every file, every record of each range once.

Nothing is kept of a range that has been looked at but counts; names and rows go to who can keep many (`Names`, `Rows`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from event_processor.errors import CallFailed
from event_processor.lake.findings import (
    Chain,
    Finding,
    records_in,
    reject_ids_in,
    rejected_in,
    wrong_bytes,
    wrong_records,
    wrong_verdicts,
)
from event_processor.lake.layout import (
    REJECTS,
    TYPED,
    delivery_epoch,
    entry_name,
    entry_number,
    file_numbers,
    log_folder,
    raw_folder,
)
from event_processor.lake.ports import Files
from event_processor.lake.ranges import LakeFile, LogEntry

_ABSENT: Final = "NoSuchKey"


class Names(Protocol):
    """Keeps the names of any number of files."""

    def present(self, name: str) -> None:
        """The lake has a file of this name."""
        ...

    def named(self, name: str, folder: str, written: datetime, is_there: bool) -> None:
        """An entry that was written then names it; folders have their own lifecycle rules."""
        ...

    def foreign(self) -> Iterator[str]:
        """Those that are there and that no entry names."""
        ...

    def gone(self) -> Iterator[tuple[str, bool]]:
        """Those that are not there; whether all of their folder that were written until that day are gone, too."""
        ...


class Rows(Protocol):
    """Keeps what the typed files and the files of rejects have, to be held against the warehouse."""

    def typed(self, entry: LogEntry, file: LakeFile, content: bytes) -> Sequence[str]:
        """The sequence numbers of its rows. Raises ValueError if it cannot be read."""
        ...

    def unread(self, entry: LogEntry, file: LakeFile) -> None:
        """What rows it has is not known: it is gone, or altered."""
        ...

    def rejects(self, entry: LogEntry, file: LakeFile, ids: Sequence[str]) -> None:
        """The rejects of a range."""
        ...

    def logged(self, entry: LogEntry) -> None:
        """A range."""
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
            for number in range(1, newest + 1):
                self._entry(found, chain, number)
                step()
        return found

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

    def _entry(self, found: Found, chain: Chain, number: int) -> None:
        content = self._get(entry_name(chain.stream, chain.shard, number))
        if content is None:
            self._found(chain.gone(number))
            return
        entry, findings = chain.take(number, content)
        for each in findings:
            self._found(each)
        if entry is not None and entry.first is not None:
            found.ranges += 1
            found.records += entry.records
            found.rows += entry.rows
            found.rejects += entry.rejects
            found.files += len(entry.files)
            found.bytes += sum(file.bytes for file in entry.files)
            self._rows.logged(entry)
            self._range(found, entry)

    def _range(self, found: Found, entry: LogEntry) -> None:
        sequences: dict[str, list[str]] = {"raw": [], "typed": [], "rejects": []}
        is_whole, name = True, entry_name(entry.stream, entry.shard, entry.number)
        for file in entry.files:
            there = self._file(entry, file)
            is_whole &= there is not None
            sequences[file.kind] += there or []
        raw = next((file.name for file in entry.files if file.kind == "raw"), None)
        if raw is None:
            self._found(Finding("count", name, "it names no raw file"))
        if not is_whole or raw is None:
            return
        for each in wrong_records(entry, raw, sequences["raw"]):
            self._found(each)
        verdicts = wrong_verdicts(
            entry, name, sequences["raw"], sequences["typed"], sequences["rejects"], found.has_table
        )
        for each in verdicts:
            self._found(each)

    def _file(self, entry: LogEntry, file: LakeFile) -> list[str] | None:
        """The sequence numbers of what is in it; None if it is gone or altered, which is told."""
        content = self._get(file.name)
        folder = file.name.partition("/dt=")[0]
        self._names.named(file.name, folder, entry.written, content is not None)
        if content is None:
            self._rows.unread(entry, file)
            return None
        if (wrong := wrong_bytes(file, content)) is not None:
            self._found(wrong)
            self._rows.unread(entry, file)
            return None
        try:
            found = list(self._read(entry, file, content))
        except ValueError as error:
            self._found(Finding("altered", file.name, str(error)))
            self._rows.unread(entry, file)
            return None
        if len(found) != file.rows:
            self._found(Finding("count", file.name, f"{len(found)} rows; the log says {file.rows}"))
        return found

    def _read(self, entry: LogEntry, file: LakeFile, content: bytes) -> Sequence[str]:
        if file.kind == "raw":
            return [record.sequence for record in records_in(content)]
        if file.kind == "typed":
            return self._rows.typed(entry, file, content)
        self._rows.rejects(entry, file, reject_ids_in(content))
        return rejected_in(content, entry.shard)

    def _get(self, name: str) -> bytes | None:
        try:
            return self._files.get(name)
        except CallFailed as failure:
            if failure.code != _ABSENT:
                raise
            return None

    def _is_under_way(self, name: str, found: Sequence[Found]) -> bool:
        """Whether it is a file of the newest delivery, of records behind the tip that was verified."""
        numbers = file_numbers(name)
        if numbers is None:
            return False
        owner, first, _, delivery = numbers
        for each in found:
            is_raw = name.startswith(raw_folder(each.stream))
            shard = owner if is_raw else owner.removeprefix(f"{each.stream}-")
            if (is_raw or shard != owner) and delivery == self._epochs.get(each.stream):
                tip = each.shards[shard].newest if shard in each.shards else None
                return int(first) > int((tip and tip.last) or 0)
        return False
