"""The file of rejects read back; beside it, `FILE.replayed` remembers what went out."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from event_processor.model.kept_reject import KeptReject
from event_processor.rejects.file import append, failed


class FileArchive:
    """See Archive. Processes may go on appending to the file meanwhile."""

    def __init__(self, path: Path) -> None:
        self.warnings: list[str] = []
        self._path, self._notes = path, path.with_name(f"{path.name}.replayed")
        self._replayed: set[str] = set()

    def __enter__(self) -> Self:
        if self._notes.exists():
            self._replayed = set(filter(None, map(_noted_id, _lines(self._notes))))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing was taken out of the file."""

    def read(self) -> Iterator[KeptReject]:
        """See Archive."""
        seen: set[str] = set()
        unreadable = 0
        for line in _lines(self._path):
            try:
                kept = KeptReject.model_validate_json(line)
            except ValidationError:
                unreadable += 1
                continue
            if kept.reject_id not in seen:
                seen.add(kept.reject_id)
                yield kept
        if unreadable:
            self.warnings.append(f"{self._path}: {unreadable} lines are no rejects (torn or altered): left out")

    def is_replayed(self, reject_id: str) -> bool:
        """See Archive."""
        return reject_id in self._replayed

    def mark_replayed(self, reject_ids: Sequence[str]) -> None:
        """See Archive."""
        now = datetime.now(UTC).isoformat()
        notes = [json.dumps({"reject_id": reject_id, "replayed_at": now}) + "\n" for reject_id in reject_ids]
        append(self._notes, "".join(notes).encode())
        self._replayed.update(reject_ids)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise failed("read_rejects", path, error) from error


def _noted_id(line: bytes) -> str | None:
    """None for a line that was torn: what it was about is then sent once more, with the same ids."""
    try:
        note = json.loads(line)
    except ValueError:
        return None
    return note.get("reject_id") if isinstance(note, dict) else None
