"""Files that others see whole or not at all, and that outlive a power failure."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex


def write_new_file(path: Path, content: bytes) -> None:
    """Raises FileExistsError if it already exists, whatever is in it; OSError."""
    with _written_beside(path, content) as written:
        os.link(written, path)
    sync_folder(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Whether it was there or not. Raises OSError."""
    with _written_beside(path, content) as written:
        written.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """What was made, renamed or deleted in it is on the disk. Raises OSError."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def code_of(error: OSError) -> str:
    """ENOSPC, for one."""
    return errno.errorcode.get(error.errno or 0, "OSError")


@contextmanager
def _written_beside(path: Path, content: bytes) -> Iterator[Path]:
    """A hidden file in the same folder, synced; gone in the end, unless it was renamed."""
    written = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        with written.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield written
    finally:
        written.unlink(missing_ok=True)
