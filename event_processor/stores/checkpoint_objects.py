"""Checkpoints as objects of a folder or a bucket: `checkpoints/<stream>/<shard>/<rank>.json`, of which the last counts.

Objects know no compare-and-swap. A position is put under a name that sorts as positions follow each other, so that of
two readers the one that is further is found, whatever the order in which they write.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from event_processor.consuming.ports import Origin
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed
from event_processor.stores.checkpoint_form import origin_from, origin_json, position_from, position_json
from event_processor.stores.objects import ABSENT, Objects

FOLDER: Final = "checkpoints"
_ORIGIN: Final = "stream.json"


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
        name = f"{self._folder}{_ORIGIN}"
        if self._objects.put_new(name, orjson.dumps(origin_json(origin)) + b"\n"):
            return origin
        try:
            return origin_from(orjson.loads(self._objects.get(name)))
        except ValueError as error:
            raise CallFailed("checkpoint", "Unreadable", f"{name}: {error}") from error

    def read(self) -> Mapping[str, Position]:
        """See Checkpoints."""
        last: dict[str, str] = {}
        for name in self._objects.names(self._folder):
            shard, slash, _ = name.removeprefix(self._folder).partition("/")
            if slash:
                last[shard] = name
        found = {}
        for shard, name in last.items():
            if (position := self._load(name)) is None:
                raise CallFailed("checkpoint", "Moved", f"{name}: somebody else moves it just now")
            found[shard] = position
        return found

    def advance(self, shard_id: str, position: Position) -> Position | None:
        """See Checkpoints."""
        names = list(self._objects.names(f"{self._folder}{shard_id}/"))
        found = self._load(names[-1]) if names else None
        if found is None or found.rank < position.rank:
            rank = position.rank.replace(" ", "-")
            self._objects.put(f"{self._folder}{shard_id}/{rank}.json", orjson.dumps(position_json(position)) + b"\n")
            for name in names:
                self._objects.delete(name)
        return found

    def forget(self, shard_id: str) -> None:
        """See Checkpoints."""
        for name in list(self._objects.names(f"{self._folder}{shard_id}/")):
            self._objects.delete(name)

    def _load(self, name: str) -> Position | None:
        try:
            return position_from(orjson.loads(self._objects.get(name)))
        except CallFailed as failure:
            if failure.code == ABSENT:  # somebody else is further, and has deleted it
                return None
            raise
        except ValueError as error:
            raise CallFailed("checkpoint", "Unreadable", f"{name}: {error}") from error
