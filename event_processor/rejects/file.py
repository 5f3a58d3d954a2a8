"""Rejects as lines of JSON in a file, on the disk before their message is deleted."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from event_processor.errors import CallFailed
from event_processor.model.reject import Reject


class FileRejects:
    """Appends to one file, which processes may share and anybody may move away at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def store(self, rejects: Sequence[Reject]) -> int:
        """See RejectStore. Synced to the disk; on failure (disk full) the file is left as it was."""
        lines = "".join(f"{reject.to_json()}\n" for reject in rejects).encode()
        try:
            with self._path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                self._append(file.fileno(), lines)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "OSError")
            raise CallFailed("store", code, f"{self._path}: {error.strerror}") from error
        return len(rejects)

    def _append(self, file: int, lines: bytes) -> None:
        end = os.fstat(file).st_size
        torn = end > 0 and not _ends_a_line(self._path, end)  # by a process that was killed while it wrote
        try:
            _write_all(file, b"\n" + lines if torn else lines)
            os.fsync(file)
        except OSError:
            with contextlib.suppress(OSError):  # the first fault is the one to tell
                os.ftruncate(file, end)
            raise


def _ends_a_line(path: Path, end: int) -> bool:
    with path.open("rb") as file:
        file.seek(end - 1)
        return file.read(1) == b"\n"


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
