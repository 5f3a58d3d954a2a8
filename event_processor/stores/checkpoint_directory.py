"""Checkpoints as files: `<directory>/<job>/<stream>/`, one for each shard, replaced whole and synced to the disk."""

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import orjson

from event_processor.consuming.ports import Origin
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed
from event_processor.stores.checkpoint_form import origin_from, origin_json, position_from, position_json
from event_processor.stores.durable_files import code_of, replace_file

_ORIGIN: Final = "stream"
_SUFFIX: Final = ".json"
T = TypeVar("T")


class DirectoryCheckpoints:
    """See Checkpoints. A lock on the folder keeps two processes from moving a checkpoint back between them."""

    def __init__(self, directory: Path, job: str, stream: str) -> None:
        self._folder = directory / job / stream

    @property
    def way_on(self) -> str:
        """See Checkpoints."""
        return f"remove the folder {self._folder}"

    def begin(self, origin: Origin) -> Origin:
        """See Checkpoints."""
        with self._locked():
            found = self._load(_ORIGIN, origin_from)
            if found is None:
                self._replace(_ORIGIN, origin_json(origin))
            return found or origin

    def read(self) -> Mapping[str, Position]:
        """See Checkpoints."""
        with self._locked():
            shards = [path.stem for path in self._folder.glob(f"*{_SUFFIX}") if path.stem != _ORIGIN]
            found = {shard: self._load(shard, position_from) for shard in shards}
        return {shard: position for shard, position in found.items() if position is not None}

    def advance(self, shard_id: str, position: Position) -> Position | None:
        """See Checkpoints."""
        with self._locked():
            found = self._load(shard_id, position_from)
            if found is None or found.rank < position.rank:
                self._replace(shard_id, position_json(position))
            return found

    def forget(self, shard_id: str) -> None:
        """See Checkpoints."""
        with self._locked():
            self._path(shard_id).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"

    def _load(self, name: str, read: Callable[[object], T]) -> T | None:
        try:
            return read(orjson.loads(self._path(name).read_bytes()))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CallFailed("checkpoint", "Unreadable", f"{self._path(name)}: {error}") from error

    def _replace(self, name: str, document: object) -> None:
        replace_file(self._path(name), orjson.dumps(document) + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / "lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise CallFailed("checkpoint", code_of(error), f"{self._folder}: {error.strerror}") from error
