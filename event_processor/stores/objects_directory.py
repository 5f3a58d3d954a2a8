"""Objects as the files of a directory."""

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
        with _as_call("list_objects", self._root / prefix):
            yield from self._below(f"{prefix.rpartition('/')[0]}/".lstrip("/"), prefix, after)

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

    def delete(self, name: str) -> None:
        path = self._root / checked(name)
        with _as_call("delete_object", path):
            path.unlink(missing_ok=True)

    def _below(self, folder: str, prefix: str, after: str) -> Iterator[str]:
        """In order, without a look into folders that have no name that is wanted. Folders may go while we look."""
        try:
            with os.scandir(self._root / folder) as found:
                names = [f"{folder}{each.name}{'/' * each.is_dir()}" for each in found if not each.name.startswith(".")]
        except FileNotFoundError:
            return
        for name in sorted(names):  # a slash counts, as it does in a bucket: a/b is behind a-b
            if name.endswith("/"):
                if (name.startswith(prefix) or prefix.startswith(name)) and (name > after or after.startswith(name)):
                    yield from self._below(name, prefix, after)
            elif name.startswith(prefix) and name > after:
                yield name

    def _make_folder(self, folder: Path) -> None:
        """It, and those it is in, durably; also if another process has made it, which may not have come so far."""
        if folder.is_dir() and (folder == self._root or folder in self._durable):
            return
        if folder != self._root:
            self._make_folder(folder.parent)
        folder.mkdir(_OURS_ALONE, parents=folder == self._root, exist_ok=True)
        sync_folder(folder.parent)
        self._durable.add(folder)


@contextmanager
def _as_call(operation: str, path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise CallFailed(operation, ABSENT, f"{path}: {error.strerror}") from error
    except OSError as error:
        raise CallFailed(operation, code_of(error), f"{path}: {error.strerror}") from error
