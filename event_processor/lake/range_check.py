"""The files of the ranges of one shard held against their entries, wherever a compaction has put them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from event_processor.errors import CallFailed
from event_processor.lake.findings import (
    Finding,
    open_reject_ids_in,
    records_in,
    rejected_in,
    wrong_amendment,
    wrong_bytes,
    wrong_records,
    wrong_verdicts,
)
from event_processor.lake.layout import entry_name
from event_processor.lake.ports import Files
from event_processor.lake.ranges import Compaction, LakeFile, LogEntry, Part, digest
from event_processor.lake.revisions import ABSENT, Revisions


class NamedFiles(Protocol):
    """Keeps the names of files."""

    def named(self, name: str, folder: str, written: datetime, is_there: bool) -> None:
        """An entry that was written then names it; folders have their own lifecycle rules."""
        ...


class Rows(Protocol):
    """Keeps what the typed files and the files of rejects have, to be held against the warehouse."""

    def typed(self, entry: LogEntry, file: LakeFile, content: bytes) -> Sequence[str]:
        """The sequence numbers of its rows, of whichever range if it is a compaction's. Raises ValueError if it cannot
        be read."""
        ...

    def unread(self, entry: LogEntry, file: LakeFile) -> None:
        """What rows it has is not known: it is gone, or altered."""
        ...

    def rejects(self, name: str, ids: Sequence[str]) -> None:
        """The rejects in a file, without those that were moved."""
        ...

    def logged(self, entry: LogEntry) -> None:
        """A range, or an amendment."""
        ...


class RangeCheck:
    """`found` is called with each finding. Each method raises CallFailed."""

    def __init__(
        self,
        files: Files,
        names: NamedFiles,
        rows: Rows,
        found: Callable[[Finding], None],
        revisions: Revisions,
        has_table: bool,
    ) -> None:
        self._files, self._names, self._rows, self._found = files, names, rows, found
        self._revisions, self._has_table = revisions, has_table

    def range(self, entry: LogEntry) -> None:
        """One whose files are its own."""
        sequences: dict[str, list[str]] = {"raw": [], "typed": [], "rejects": []}
        is_whole = True
        for file in entry.files:
            there = self._file(entry, file)
            is_whole &= there is not None
            sequences[file.kind] += there or []
        raw = entry.raw()
        if raw is None:
            self._found(Finding("count", self._name(entry), "it names no raw file"))
        elif is_whole:
            self._verdicts(entry, raw.name, sequences["raw"], sequences["typed"], sequences["rejects"])

    def compaction(self, entry: LogEntry, compaction: Compaction) -> None:
        """Its files, and with them the ranges that it is of, each as if its own files were still there."""
        raw, whole = "", None
        rows: list[list[str] | None] = []
        for file in compaction.files:
            content = self._content(entry, file)
            if file.kind == "raw":
                raw, whole = file.name, content
            else:
                rows.append(None if content is None else self._typed(entry, file, content))
        numbered = None if None in rows else sorted((row for each in rows for row in each or ()), key=int)
        for part in compaction.parts:
            self._part(part, raw, whole, numbered)

    def amendment(self, entry: LogEntry) -> None:
        """Its files have the rows of the records that it moves."""
        found = [self._file(entry, file) for file in entry.files]
        if None not in found:
            rows = [row for each in found for row in each or ()]
            self._tell(wrong_amendment(entry, self._name(entry), rows))

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _part(self, part: Part, name: str, whole: bytes | None, rows: list[str] | None) -> None:
        """One range in the files of a compaction, of which those may be None that are not there or altered."""
        try:
            entry = self._revisions.entry(part.number)
        except CallFailed as failure:
            if failure.code not in {ABSENT, "NoEntry"}:
                raise
            return  # told by who has read the log
        rejects = [self._file(entry, file) for file in entry.files if file.kind == "rejects"]
        if whole is None:
            return
        raw = entry.raw()
        piece = whole[part.at : part.at + raw.bytes] if raw else b""
        if raw is None or digest(piece) != raw.sha256:
            self._found(Finding("altered", name, f"range {entry.number} is not in it as it was"))
        elif rows is not None and None not in rejects:
            records = [record.sequence for record in records_in(piece)]
            since = bisect_left(rows, int(entry.first or 0), key=int)
            until = bisect_right(rows, int(entry.last or 0), key=int)
            self._verdicts(entry, name, records, rows[since:until], [row for each in rejects for row in each or ()])

    def _verdicts(
        self, entry: LogEntry, raw: str, records: Sequence[str], rows: Sequence[str], rejects: Sequence[str]
    ) -> None:
        name = self._name(entry)
        self._tell(wrong_records(entry, raw, records))
        self._tell(wrong_verdicts(entry, name, records, rows, rejects, self._has_table))
        if strange := self._revisions.moved(entry.number) - set(rejects):
            self._found(Finding("count", name, f"{len(strange)} records were moved that are none of its rejects"))

    def _file(self, entry: LogEntry, file: LakeFile) -> list[str] | None:
        """The sequence numbers of what is in it; None if it is gone or altered, which is told."""
        content = self._content(entry, file)
        if content is None:
            return None
        if file.kind == "typed":
            return self._typed(entry, file, content)
        try:
            if file.kind == "raw":
                found = [record.sequence for record in records_in(content)]
            else:
                found = rejected_in(content, entry.shard)
                moved = self._revisions.moved(entry.number)
                self._rows.rejects(file.name, open_reject_ids_in(content, entry.shard, moved))
        except ValueError as error:
            self._found(Finding("altered", file.name, str(error)))
            return None
        return self._counted(file, found)

    def _typed(self, entry: LogEntry, file: LakeFile, content: bytes) -> list[str] | None:
        try:
            found = list(self._rows.typed(entry, file, content))
        except ValueError as error:
            self._found(Finding("altered", file.name, str(error)))
            self._rows.unread(entry, file)
            return None
        return self._counted(file, found)

    def _counted(self, file: LakeFile, found: list[str]) -> list[str]:
        if len(found) != file.rows:
            self._found(Finding("count", file.name, f"{len(found)} rows; the log says {file.rows}"))
        return found

    def _content(self, entry: LogEntry, file: LakeFile) -> bytes | None:
        """None if it is gone, or altered, which is told."""
        content = content_of(self._files, file.name)
        self._names.named(file.name, file.name.partition("/dt=")[0], entry.written, content is not None)
        wrong = wrong_bytes(file, content) if content is not None else None
        if wrong is not None:
            self._found(wrong)
        if content is None or wrong is not None:
            self._rows.unread(entry, file)
            return None
        return content

    def _tell(self, findings: Iterable[Finding]) -> None:
        for each in findings:
            self._found(each)

    def _name(self, entry: LogEntry) -> str:
        return entry_name(entry.stream, entry.shard, entry.number)


def content_of(files: Files, name: str) -> bytes | None:
    """None if there is no such file. Raises CallFailed."""
    try:
        return files.get(name)
    except CallFailed as failure:
        if failure.code != ABSENT:
            raise
        return None
