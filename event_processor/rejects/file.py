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

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """See RejectStore. Synced to the disk; on failure (disk full) the file is left as it was."""
        append(self._path, "".join(f"{reject.to_json()}\n" for reject in rejects).encode())
        return []


def append(path: Path, lines: bytes) -> None:
    """Whole lines, on the disk; on failure the file is left as it was, and CallFailed raised."""
    try:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _append(path, file.fileno(), lines)
    except OSError as error:
        raise failed("store", path, error) from error


def failed(operation: str, path: Path, error: OSError) -> CallFailed:
    """What an operator is told of a file that cannot be used."""
    return CallFailed(operation, errno.errorcode.get(error.errno or 0, "OSError"), f"{path}: {error.strerror}")


def _append(path: Path, file: int, lines: bytes) -> None:
    end = os.fstat(file).st_size
    torn = end > 0 and not _ends_a_line(path, end)  # by a process that was killed while it wrote
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
