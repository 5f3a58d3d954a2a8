"""Actions: what a plan does to streams and queues at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from local_aws.errors import Json

_STREAM, _QUEUE = "stream", "queue"
_SHARD, _SHARDS = "shard", "shards"

ACTIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "create_stream": ((_STREAM,), (_SHARDS,)),
    "delete_stream": ((_STREAM,), ()),
    "recreate_stream": ((_STREAM,), (_SHARDS,)),
    "split_shard": ((_STREAM,), (_SHARD,)),
    "merge_shards": ((_STREAM,), (_SHARD,)),
    "update_shard_count": ((_STREAM, _SHARDS), ()),
    "create_queue": ((_QUEUE,), ()),
    "delete_queue": ((_QUEUE,), ()),
    "recreate_queue": ((_QUEUE,), ()),
    "purge_queue": ((_QUEUE,), ()),
}
"""The keys that each action needs, and those it may have."""


@dataclass(frozen=True)
class Action:
    """Something to do once: the word for it and its arguments.

    ``stream`` and ``queue`` are names, ``shard`` a shard's number or id, ``shards`` a count.
    """

    do: str
    arguments: Mapping[str, str | int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """From ``do`` and the keys beside it. Raises ValueError."""
        do = values.get("do")
        if not isinstance(do, str) or do not in ACTIONS:
            raise ValueError(f"do: {do!r} is not an action, allowed are {', '.join(ACTIONS)}")
        required, optional = ACTIONS[do]
        given = {key: value for key, value in values.items() if key != "do"}
        if missing := [key for key in required if key not in given]:
            raise ValueError(f"{do} needs the key {missing[0]!r}")
        if unknown := [key for key in given if key not in required + optional]:
            raise ValueError(f"unknown key {unknown[0]!r}, {do} has {', '.join(required + optional)}")
        return cls(do, {key: _argument(key, value) for key, value in given.items()})

    def as_json(self) -> Json:
        """The action as it stands in a plan's file."""
        return {"do": self.do, **self.arguments}


def _argument(key: str, value: object) -> str | int:
    if key == _SHARDS:
        if type(value) is not int or value < 1:
            raise ValueError(f"shards: {value!r} is not a whole number, 1 or more")
        return value
    if key == _SHARD and type(value) is int and value >= 0:
        return f"shardId-{value:012}"
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key}: {value!r} is not a name")
    return value
