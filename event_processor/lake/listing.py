"""What is in a lake, range by range: where it is, and how far it has come."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from event_processor.lake.ports import Files
from event_processor.lake.ranges import LogEntry
from event_processor.lake.revisions import Revisions

State = Literal["stored", "loaded", "compacted", "history"]


class ListedRange(NamedTuple):
    """One range, or an amendment of one: rows more, and rejects less. Bytes are those of its own files, which a
    compaction may have replaced."""

    stream: str
    shard: str
    number: int
    arrived_first: datetime | None
    arrived_last: datetime | None
    records: int
    rows: int
    rejects: int
    files: int
    bytes: int
    is_loaded: bool
    state: State
    """Where its files are: its own (loaded, or not), in those of a compaction, or removed by a lifecycle rule."""


class ListedShard(NamedTuple):
    """All ranges of a shard."""

    stream: str
    shard: str
    ranges: int = 0
    records: int = 0
    rows: int = 0
    rejects: int = 0
    files: int = 0
    bytes: int = 0
    arrived_first: datetime | None = None
    arrived_last: datetime | None = None
    to_load: int = 0
    compacted: int = 0
    history: int = 0

    def plus(self, one: ListedRange) -> "ListedShard":
        """With one more."""
        times = [each for each in (self.arrived_first, one.arrived_first) if each]
        later = [each for each in (self.arrived_last, one.arrived_last) if each]
        return self._replace(
            ranges=self.ranges + (one.records > 0),
            records=self.records + one.records,
            rows=self.rows + one.rows,
            rejects=self.rejects + one.rejects,
            files=self.files + one.files,
            bytes=self.bytes + one.bytes,
            arrived_first=min(times, default=None),
            arrived_last=max(later, default=None),
            to_load=self.to_load + (not one.is_loaded),
            compacted=self.compacted + (one.state == "compacted"),
            history=self.history + (one.state == "history"),
        )


def ranges_of(
    files: Files,
    stream: str,
    shards: Mapping[str, int],
    loaded: Mapping[str, int] | None,
    since: datetime | None = None,
    step: Callable[[], None] = lambda: None,
) -> Iterator[ListedRange]:
    """Those with records that arrived since then, by shard, the newest first. `loaded` is None without a warehouse.

    Raises CallFailed.
    """
    for shard, newest in sorted(shards.items()):
        revisions, folders = Revisions(files, stream, shard, newest), _Folders(files)
        for number in range(newest, 0, -1):
            entry = revisions.entry(number)
            step()
            if since is not None and entry.written < since:
                break
            if (entry.first is None and not entry.amendment) or not _is_since(entry, since):
                continue
            is_loaded = loaded is None or not entry.typed() or number <= loaded.get(shard, 0)
            state: State = "loaded" if is_loaded and loaded is not None and entry.typed() else "stored"
            if revisions.compaction_of(number) is not None and entry.first is not None:
                state = "compacted"
            elif not all(folders.have(file.name) for file in entry.files if file.kind != "rejects"):
                state = "history"
            moved = len(entry.amendment.moved) if entry.amendment else 0
            yield ListedRange(
                stream, shard, number, entry.arrived_first, entry.arrived_last, entry.records, entry.rows + moved,
                entry.rejects - moved, len(entry.files), sum(file.bytes for file in entry.files), is_loaded, state,
            )  # fmt: skip


def _is_since(entry: LogEntry, since: datetime | None) -> bool:
    return since is None or entry.arrived_last is None or entry.arrived_last >= since


class _Folders:
    """What is in them, the names of the last few in memory."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._names: dict[str, set[str]] = {}

    def have(self, name: str) -> bool:
        folder = name.rpartition("/")[0]
        if folder not in self._names:
            if len(self._names) > 8:
                self._names.clear()
            self._names[folder] = set(self._files.names(f"{folder}/"))
        return name in self._names[folder]
