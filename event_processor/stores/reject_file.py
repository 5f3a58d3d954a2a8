"""Rejects as lines of JSON in a file, synced to the disk before their message is deleted."""

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from event_processor.errors import CallFailed
from event_processor.rejects.reject import Reject
from event_processor.stores.durable_files import code_of

_OURS_ALONE: Final = 0o600  # originals are payload
_WHY: Final = {errno.ELOOP: "is a symbolic link, and none is followed", errno.ENXIO: "is not a regular file"}


class FileRejects:
    """See RejectStore. Appends to a file that several processes may share, and that may be moved away at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        """Synced to the disk; on failure (disk full) the file is left as it was."""
        append(self._path, "".join(f"{reject.to_json()}\n" for reject in rejects).encode())
        return []


def append(path: Path, lines: bytes) -> None:
    """Whole lines, on the disk; on failure the file is left as it was, and CallFailed raised."""
    with opened("store", path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _append(file, lines)


@contextlib.contextmanager
def opened(operation: str, path: Path, flags: int) -> Iterator[int]:
    """A regular file, for ourselves alone if it is made now. Raises CallFailed, for what is done inside as well.

    A link is not followed: who may write to the folder could otherwise choose which file we write to. Nor is anything
    else opened that has a name there; a pipe could keep us waiting for ever.
    """
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, _OURS_ALONE)
        try:
            _must_be_regular(file)
            yield file
        finally:
            os.close(file)
    except OSError as error:
        why = _WHY.get(error.errno or 0) or error.strerror
        raise CallFailed(operation, code_of(error), f"{path}: {why}") from error


def trial(path: Path) -> Iterator[str]:
    """Warnings about this file of rejects, found without leaving a trace. Raises CallFailed if it cannot be used.

    A file that is not there yet is not made: it could not be taken away again, since a processor may have written to
    it by then. A nameless file beside it shows whether it could be made.
    """
    try:
        with opened("store", path, os.O_RDWR | os.O_APPEND) as file:
            mode = stat.S_IMODE(os.fstat(file).st_mode)
    except CallFailed as failure:
        if failure.code != "ENOENT":
            raise
        try_beside(path)
        return
    if mode & ~_OURS_ALONE & 0o777:
        yield f"{path} has mode {mode:04o}: others may read the originals of rejects, which are payload; chmod 600 it"


def try_beside(path: Path) -> None:
    """Whether a file could be made there, found without leaving a trace. Raises CallFailed."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CallFailed("store", code_of(error), f"{path} cannot be made: {error.strerror}") from error


def _must_be_regular(file: int) -> None:
    mode = os.fstat(file).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))


def _append(file: int, lines: bytes) -> None:
    end = os.fstat(file).st_size
    torn = end > 0 and os.pread(file, 1, end - 1) != b"\n"  # by a process that was killed while it wrote
    try:
        _write_all(file, b"\n" + lines if torn else lines)
        os.fsync(file)
    except OSError:
        with contextlib.suppress(OSError):  # the first fault is the one to tell
            os.ftruncate(file, end)
        raise


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
