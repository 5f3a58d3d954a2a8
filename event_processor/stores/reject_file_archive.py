"""The file of rejects read back; `FILE.replayed` beside it remembers what was replayed."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, Self

from pydantic import BaseModel, ValidationError

from event_processor.errors import StoreInUse
from event_processor.rejects.reject import KeptReject
from event_processor.stores.reject_file import append, opened

_LONGEST_LINE: Final = 128 * 1024 * 1024  # the largest reject there can be: a body of 1 MiB that was unfolded


class Lines(Protocol):
    """A file, as far as it is read line by line."""

    def readline(self, size: int, /) -> bytes:
        """The next line, or so much of it."""
        ...


class FileArchive:
    """See Archive. Processes may go on appending to the file meanwhile.

    With `alone` no other such archive of this file can be opened: a replay must know what another one sent. The lock is
    on `FILE.lock`; the system releases it when the process ends, however that happens.
    """

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        self.warnings: list[str] = []
        self._path, self._notes = path, path.with_name(f"{path.name}.replayed")
        self._lock = path.with_name(f"{path.name}.lock") if alone else None
        self._replayed: set[str] = set()
        self._held = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as held:
            if self._lock is not None:
                _hold(held, self._lock, self._path)
            if os.path.lexists(self._notes):
                self._replayed = set(filter(None, map(_noted_id, _lines(self._notes))))
            self._held = held.pop_all()
        return self

    def __exit__(self, *_raised: object) -> None:
        """Nothing was taken out of the file."""
        self._held.close()

    def read(self) -> Iterator[KeptReject]:
        seen: set[str] = set()
        unreadable = 0
        for line in _lines(self._path):
            try:
                kept = KeptReject.model_validate_json(line or b"")
            except ValidationError:
                unreadable += 1
                continue
            if kept.reject_id not in seen:
                seen.add(kept.reject_id)
                yield kept
        if unreadable:
            self.warnings.append(f"{self._path}: {unreadable} lines are not rejects (torn or altered): left out")

    def is_replayed(self, reject_id: str) -> bool:
        return reject_id in self._replayed

    def mark_replayed(self, reject_ids: Sequence[str]) -> None:
        now = datetime.now(UTC).isoformat()
        notes = [json.dumps({"reject_id": reject_id, "replayed_at": now}) + "\n" for reject_id in reject_ids]
        append(self._notes, "".join(notes).encode())
        self._replayed.update(reject_ids)


class _Note(BaseModel):
    reject_id: str


def _hold(held: ExitStack, lock: Path, path: Path) -> None:
    file = held.enter_context(opened("lock", lock, os.O_RDWR | os.O_CREAT))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreInUse(f"{path}: another replay is at work on it; wait until it has ended") from None


def _lines(path: Path) -> Iterator[bytes | None]:
    with opened("read_rejects", path, os.O_RDONLY) as number, open(number, "rb", closefd=False) as file:
        yield from lines_of(file)


def lines_of(file: Lines) -> Iterator[bytes | None]:
    """None for a line that is longer than a reject can be."""
    while line := file.readline(_LONGEST_LINE):
        yield line if len(line) < _LONGEST_LINE or line.endswith(b"\n") else None
        while line and not line.endswith(b"\n"):
            line = file.readline(_LONGEST_LINE)


def _noted_id(line: bytes | None) -> str | None:
    """None for a line that was torn: what it was about is then sent once more, with the same ids."""
    try:
        return _Note.model_validate_json(line or b"").reject_id
    except ValidationError:
        return None
