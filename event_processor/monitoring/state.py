"""Where a monitor keeps what it knows: parts of some series each, `state/<who>/<part>.json.gz`, replaced whole.

Parts need not be of the same moment. A metric that is in one already changes nothing when it is read once more, so it
is enough that every part is written before the checkpoint moves.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from event_processor.errors import CallFailed
from event_processor.monitoring.ports import Files
from event_processor.monitoring.tracked import Tracked

FOLDER: Final = "state"
PROCESS: Final = "process"
"""Who the monitor is that reads all shards; those of a Lambda function are named after their shard."""
PART_SERIES: Final = 100
_DIGITS: Final = 6
_VERSION: Final = 1


class StateStore:
    """The parts of one monitor; `others` has those of shards that were split, or of a process that was there before.

    Each raises CallFailed.
    """

    def __init__(self, files: Files, who: str) -> None:
        self._files, self._who = files, who

    def load(self) -> Iterator[Tracked]:
        """All that this monitor knows."""
        for name in self._files.names(self._folder):
            yield from self._read(name, _number(name))

    def others(self) -> Iterator[Tracked]:
        """What only others know. They belong to no part of ours."""
        for name in self._files.names(f"{FOLDER}/"):
            if not name.startswith(self._folder):
                yield from self._read(name, 0)

    def save(self, part: int, tracked: Iterable[Tracked]) -> int:
        """Replace a part. Returns its size in bytes."""
        content = orjson.dumps({"version": _VERSION, "series": [each.state() for each in tracked]})
        packed = gzip.compress(content, 1, mtime=0)
        self._files.put(f"{self._folder}{part:0{_DIGITS}}.json.gz", packed)
        return len(packed)

    @property
    def _folder(self) -> str:
        return f"{FOLDER}/{self._who}/"

    def _read(self, name: str, part: int) -> list[Tracked]:
        try:
            found = orjson.loads(gzip.decompress(self._files.get(name)))
            if found["version"] != _VERSION:
                raise ValueError(f"form {found['version']!r}, of another version of this program; ours is {_VERSION}")
            return [Tracked.restore(state, part) for state in found["series"]]
        except (ValueError, TypeError, KeyError, AttributeError, EOFError, OSError, zlib.error) as error:
            raise CallFailed("state", "Unreadable", f"{name}: {type(error).__name__}: {error}") from error


def newest(ours: Iterable[Tracked], others: Iterable[Tracked]) -> tuple[list[Tracked], list[Tracked]]:
    """Of what both know, what was seen last, for our parts; and what only others know."""
    beyond: dict[str, Tracked] = {}
    for other in others:
        if other.key not in beyond or other.seen_at > beyond[other.key].seen_at:
            beyond[other.key] = other
    known = []
    for each in ours:
        other = beyond.pop(each.key, each)
        kept = other if other.seen_at > each.seen_at else each
        kept.part = each.part
        known.append(kept)
    return known, list(beyond.values())


def _number(name: str) -> int:
    try:
        return int(name.rpartition("/")[2].partition(".")[0])
    except ValueError as error:
        raise CallFailed("state", "Unreadable", f"{name}: no name of a part") from error
