"""Checkpoints as objects of a folder or a bucket: `checkpoints/<stream>/`, one for each shard, replaced whole.

Objects know no compare-and-swap, so two readers that move one checkpoint at the same moment may not see each other: the
one that comes later does.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import orjson

from event_processor.consuming.ports import Origin
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed
from event_processor.stores.checkpoint_form import origin_from, origin_json, position_from, position_json
from event_processor.stores.objects import ABSENT, Objects

FOLDER: Final = "checkpoints"
_ORIGIN: Final = "stream"
_SUFFIX: Final = ".json"
T = TypeVar("T")


class ObjectCheckpoints:
    """See Checkpoints."""

    def __init__(self, objects: Objects, stream: str) -> None:
        self._objects, self._folder = objects, f"{FOLDER}/{stream}/"

    @property
    def way_on(self) -> str:
        """See Checkpoints."""
        return f"remove {self._folder} of MONITOR_STATE"

    def begin(self, origin: Origin) -> Origin:
        """See Checkpoints."""
        content = orjson.dumps(origin_json(origin)) + b"\n"
        if self._objects.put_new(self._name(_ORIGIN), content):
            return origin
        found = self._load(_ORIGIN, origin_from)
        return found or origin

    def read(self) -> Mapping[str, Position]:
        """See Checkpoints."""
        names = [name[len(self._folder) : -len(_SUFFIX)] for name in self._objects.names(self._folder)]
        found = {shard: self._load(shard, position_from) for shard in names if shard != _ORIGIN}
        return {shard: position for shard, position in found.items() if position is not None}

    def advance(self, shard_id: str, position: Position) -> Position | None:
        """See Checkpoints."""
        found = self._load(shard_id, position_from)
        if found is None or found.rank < position.rank:
            self._objects.put(self._name(shard_id), orjson.dumps(position_json(position)) + b"\n")
        return found

    def forget(self, shard_id: str) -> None:
        """See Checkpoints."""
        self._objects.delete(self._name(shard_id))

    def _name(self, name: str) -> str:
        return f"{self._folder}{name}{_SUFFIX}"

    def _load(self, name: str, read: Callable[[object], T]) -> T | None:
        try:
            return read(orjson.loads(self._objects.get(self._name(name))))
        except CallFailed as failure:
            if failure.code == ABSENT:
                return None
            raise
        except ValueError as error:
            raise CallFailed("checkpoint", "Unreadable", f"{self._name(name)}: {error}") from error
