"""Files of earlier deliveries that no entry of the log names are moved out of the way, for seven days.

Only after we have opened the shard they are of: from then on no entry can come that names them. What an earlier
delivery has written in a shard and what it has not is told by the next opening there: its files that begin behind the
`last` of that are in no entry.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice, takewhile
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
_OPENINGS: Final = 3  # how far back files are sought: a delivery that hung may write one long after the next has swept
_EARLIER: Final = timedelta(hours=1)  # times of arrival are not quite in the order of sequence numbers


class _Bounds:
    """The openings of a shard, the newest first; earlier ones are read if a file is of an earlier delivery still."""

    def __init__(self, newest: list[LogEntry], earlier: Iterator[LogEntry]) -> None:
        self._openings, self._earlier = newest, earlier
        self.since = newest[-1].until
        """What no entry names arrived since then; None if that is not known."""

    def is_orphan(self, first: str, delivery: int) -> bool:
        """Whether no entry names a file of that delivery, whose first record this is. Raises CallFailed."""
        while self._openings[-1].delivery > delivery and (earlier := next(self._earlier, None)) is not None:
            self._openings.append(earlier)
        later = list(takewhile(lambda opening: opening.delivery > delivery, self._openings))
        return bool(later) and int(first) > int(later[-1].last or 0)


def sweep_when_open(files: Files, log: RangeLog, stream: str, clock: Clock, observer: LakeObserver) -> None:
    """Wait for the log to be open, and sweep, again and again until it has succeeded."""
    log.opened.wait()
    while isinstance(attempt(observer, "sweep", lambda: sweep(files, log, stream, clock, observer)), CallFailed):
        clock.sleep(_PAUSE_SECONDS)


def sweep(files: Files, log: RangeLog, stream: str, clock: Clock, observer: LakeObserver) -> None:
    """Of one stream, whose log is open. Raises CallFailed, to be called again then."""
    shards = {shard: _openings(log, shard, clock.now() - _KEPT) for shard in log.newest()}
    newest = {shard: list(islice(openings, _OPENINGS)) for shard, openings in shards.items()}
    bounds = {shard: _Bounds(known, shards[shard]) for shard, known in newest.items() if known}
    for name in _orphans(files, stream, bounds):
        files.move(name, swept_name(name, clock.now()))
        observer.swept(name)
    for name in list(files.names(SWEPT, "")):
        if name >= swept_day(clock.now() - _KEPT):
            break
        files.delete(name)


def _openings(log: RangeLog, shard: str, oldest: datetime) -> Iterator[LogEntry]:
    """The newest first; none of a shard that ended before that time."""
    number = log.opening(shard)
    if number is None:
        newest = log.entry(shard, log.newest()[shard])
        number = newest.opened_by if newest.written >= oldest else None
    while number is not None:
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
