"""Objects as the files of a directory."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from event_processor.errors import CallFailed
from event_processor.stores.durable_files import code_of, replace_file, sync_folder, write_new_file
from event_processor.stores.objects import ABSENT, checked

_OURS_ALONE: Final = 0o700  # what is in the objects is payload


class DirectoryObjects:
    """See Objects. What a killed writer leaves behind is a hidden file, which nobody reads and anybody may delete."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._durable: set[Path] = set()

    def put(self, name: str, content: bytes) -> None:
        path = self._root / checked(name)
        with _as_call("put_object", path):
            self._make_folder(path.parent)
            replace_file(path, content)

    def put_new(self, name: str, content: bytes) -> bool:
        path = self._root / checked(name)
        with _as_call("put_object", path):
            self._make_folder(path.parent)
            try:
                write_new_file(path, content)
            except FileExistsError:
                if path.read_bytes() != content:
                    return False
                sync_folder(path.parent)  # whoever made it may not have come so far
            return True

    def get(self, name: str) -> bytes:
        path = self._root / checked(name)
        with _as_call("get_object", path):
            return path.read_bytes()

    def names(self, prefix: str = "", after: str = "") -> Iterator[str]:
        top = self._root / prefix.rpartition("/")[0]
        found: list[str] = []
        with _as_call("list_objects", top):
            for folder, folders, files in os.walk(top, onerror=_unless_absent):
                folders[:] = [each for each in folders if not each.startswith(".")]
                there = Path(folder).relative_to(self._root).as_posix()
                found += [each if there == "." else f"{there}/{each}" for each in files if not each.startswith(".")]
        yield from sorted(name for name in found if name.startswith(prefix) and name > after)

    def move(self, name: str, to: str) -> None:
        path, new = self._root / checked(name), self._root / checked(to)
        with _as_call("move_object", path):
            self._make_folder(new.parent)
            try:
                path.replace(new)
            except FileNotFoundError:
                return
            sync_folder(new.parent)
            sync_folder(path.parent)

    def _make_folder(self, folder: Path) -> None:
        """It, and those it is in, durably; also if another process has made it, which may not have come so far."""
        if folder.is_dir() and (folder == self._root or folder in self._durable):
            return
        if folder != self._root:
            self._make_folder(folder.parent)
        folder.mkdir(_OURS_ALONE, parents=folder == self._root, exist_ok=True)
        sync_folder(folder.parent)
        self._durable.add(folder)


def _unless_absent(error: OSError) -> None:
    if error.errno != errno.ENOENT:
        raise error


@contextmanager
def _as_call(operation: str, path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise CallFailed(operation, ABSENT, f"{path}: {error.strerror}") from error
    except OSError as error:
        raise CallFailed(operation, code_of(error), f"{path}: {error.strerror}") from error
