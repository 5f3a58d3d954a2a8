"""The entries of a lake's log, and which files have the records of which ranges now. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from sensor_fleet.errors import FleetError


@dataclass(slots=True)
class Together:
    """Ranges whose records are in the same files, and the files; `moved` are rejects that became rows later."""

    shard: str
    files: list[Mapping[str, Any]] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)


def entry_of(name: str, content: bytes) -> Mapping[str, Any]:
    """The entry that a file of the log holds. Raises FleetError for what is none."""
    with reading(name):
        value = orjson.loads(content)
        found = {key: value.get(key) for key in ("number", "compaction", "amendment")}
        return {**found, "shard": value["shard"], "files": list(value["files"])}


def in_files_of_now(entries: Sequence[Mapping[str, Any]]) -> Iterator[Together]:
    """The ranges of a stream's log, shard by shard, with a compaction's files instead of those it has replaced."""
    compactions: dict[tuple[str, int], Mapping[str, Any]] = {}
    amendments: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for entry in entries:
        for part in (entry["compaction"] or {"parts": ()})["parts"]:
            compactions[entry["shard"], part["number"]] = entry
        if entry["amendment"]:
            amendments.setdefault((entry["shard"], entry["amendment"]["of"]), []).append(entry)
    open_: Together | None = None
    last: Mapping[str, Any] | None = None
    for entry in entries:
        if entry["compaction"] or entry["amendment"] or not entry["files"]:
            continue
        key = entry["shard"], entry["number"]
        compaction = compactions.get(key)
        if open_ is None or compaction is None or compaction is not last:
            if open_ is not None:
                yield open_
            open_ = Together(entry["shard"], list(compaction["compaction"]["files"]) if compaction else [])
        open_.files += [file for file in entry["files"] if compaction is None or file["kind"] == "rejects"]
        for amendment in amendments.get(key, ()):
            open_.files += amendment["files"]
            open_.moved.update(amendment["amendment"]["moved"])
        last = compaction
    if open_ is not None:
        yield open_


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns what is wrong with a file into FleetError."""
    try:
        yield
    except (ValueError, KeyError, TypeError, EOFError, OSError) as error:
        raise FleetError(f"{name}: not a file of a lake: {type(error).__name__}: {error}") from error
