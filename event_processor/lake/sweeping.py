"""Files of earlier deliveries that no entry of the log names are moved out of the way, for seven days.

Only after we have opened the shard they are of: from then on no entry can come that names them. What an earlier
delivery has written in a shard and what it has not is told by the next opening there: its files that begin behind the
`last` of that are in no entry.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.lake.layout import (
    REJECTS,
    SWEPT,
    TYPED,
    file_numbers,
    hour,
    raw_folder,
    swept_day,
    swept_name,
)
from event_processor.lake.log import RangeLog
from event_processor.lake.ports import Files, LakeObserver
from event_processor.lake.ranges import LogEntry
from event_processor.telling import attempt

_KEPT: Final = timedelta(days=7)
_PAUSE_SECONDS: Final = 5.0
_OPENINGS: Final = 3  # back in time: a delivery that hung may write a file long after the next one has swept
_EARLIER: Final = timedelta(hours=1)  # times of arrival are not quite in the order of sequence numbers


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The openings of a shard, the newest first."""

    openings: list[LogEntry]

    def is_orphan(self, first: str, delivery: int) -> bool:
        """Whether no entry names a file of that delivery, whose first record this is."""
        later = list(takewhile(lambda opening: opening.delivery > delivery, self.openings))
        return bool(later) and int(first) > int(later[-1].last or 0)

    @property
    def since(self) -> datetime | None:
        """What no entry names arrived since then; None if that is not known."""
        return self.openings[-1].until


def sweep_when_open(files: Files, log: RangeLog, stream: str, clock: Clock, observer: LakeObserver) -> None:
    """Wait for the log to be open, and sweep, again and again until it has succeeded."""
    log.opened.wait()
    while isinstance(attempt(observer, "sweep", lambda: sweep(files, log, stream, clock, observer)), CallFailed):
        clock.sleep(_PAUSE_SECONDS)


def sweep(files: Files, log: RangeLog, stream: str, clock: Clock, observer: LakeObserver) -> None:
    """Of one stream, whose log is open. Raises CallFailed, to be called again then."""
    shards = {shard: list(_openings(log, shard, clock.now() - _KEPT)) for shard in log.newest()}
    bounds = {shard: _Bounds(openings) for shard, openings in shards.items() if openings}
    for name in _orphans(files, stream, bounds):
        files.move(name, swept_name(name, clock.now()))
        observer.swept(name)
    for name in list(files.names(SWEPT, "")):
        if name >= swept_day(clock.now() - _KEPT):
            break
        files.delete(name)


def _openings(log: RangeLog, shard: str, oldest: datetime) -> Iterator[LogEntry]:
    """The last ones; none of a shard that ended before that time."""
    number = log.opening(shard)
    if number is None:
        newest = log.entry(shard, log.newest()[shard])
        number = newest.opened_by if newest.written >= oldest else None
    for _ in range(_OPENINGS):
        if number is None:
            return
        entry = log.entry(shard, number)
        yield entry
        number = entry.opening.before if entry.opening else None


def _orphans(files: Files, stream: str, bounds: Mapping[str, _Bounds]) -> Iterator[str]:
    times = [each.since for each in bounds.values()]
    since = None if None in times else min(filter(None, times), default=None)
    begin = hour(since - _EARLIER) if since else ""
    owners = {f"{stream}-{shard}": each for shard, each in bounds.items()}
    yield from _among(files, raw_folder(stream), begin, bounds)
    for folder in (REJECTS, *_tables(files)):
        yield from _among(files, folder, begin, owners)


def _among(files: Files, folder: str, begin: str, owners: Mapping[str, _Bounds]) -> Iterator[str]:
    for name in list(files.names(folder, f"{folder}{begin}")):
        if (numbers := file_numbers(name)) is not None:
            owner, first, _, delivery = numbers
            if owner in owners and owners[owner].is_orphan(first, delivery):
                yield name


def _tables(files: Files) -> Iterator[str]:
    """The folders of all tables, each listed no further than to its first file."""
    after = ""
    while name := next(files.names(TYPED, after), None):
        folder = "/".join(name.split("/")[:3])
        after = f"{folder}/~"
        yield f"{folder}/"
