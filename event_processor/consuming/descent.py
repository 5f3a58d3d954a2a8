"""Which shard is read, from where, and what may be said to be done: no I/O, no clock, no threads.

A shard is read when all its parents are done to their end and their checkpoints say so: a record is never handed out
before the earlier ones of its key, not even after a crash. What is handed out and not done is bounded, in all and for
each shard; a shard that is at its bound does not hold up the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from event_processor.consuming.limits import LARGEST_READ_BYTES, ReadingLimits
from event_processor.consuming.ports import Origin
from event_processor.consuming.progress import Progress
from event_processor.consuming.records import Batch, Page, Position, Shard
from event_processor.consuming.turns import Turns

_LEAST_READ_BYTES: Final = 256 * 1024
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """A read to be made: by the iterator, or by one behind `after`, else from `since` on, else from the oldest.

    `room_bytes` are kept free for what it brings.
    """

    shard_id: str
    iterator: str | None
    after: str | None
    since: datetime | None
    room_bytes: int


@dataclass(frozen=True, slots=True)
class Gap:
    """What arrived in a shard between these times was perhaps not read."""

    shard_id: str
    since: datetime | None
    until: datetime


class Descent:
    """The shards of a stream. Times are seconds of a monotonic clock, `datetime` where they are compared with arrival.

    One read is always possible, whatever the limits. A read is expected to bring twice what the last one of its shard
    did, at first the most that it can: so calls that hang on shards with little in them take the room of no other.
    """

    def __init__(self, origin: Origin, kept: Mapping[str, Position], turns: Turns, limits: ReadingLimits) -> None:
        self._origin, self._turns, self._limits = origin, turns, limits
        self._shards = {name: Shard(name) for name, position in kept.items() if not position.ended}
        self._progress = {name: Progress(position) for name, position in kept.items()}
        self._retention = timedelta.max
        self._busy: dict[str, int] = {}
        self._expected: dict[str, int] = {}
        self._missing: set[str] = set()
        self._held_bytes = 0

    # -- what the stream has ------------------------------------------------------------------------------------------

    def listed(self, shards: Sequence[Shard], retention: timedelta, now: float, today: datetime) -> Sequence[Gap]:
        """Take all the shards there are. Returns what is perhaps missing of those that are gone."""
        self._retention = retention
        present = {shard.shard_id for shard in shards}
        self._shards |= {shard.shard_id: shard for shard in shards}
        for name in present:
            self._progress.setdefault(name, Progress(None))
        gaps = []
        for name in self._missing - present:
            progress = self._progress[name]
            gaps.append(Gap(name, progress.read.until, today))
            progress.lost()
        self._missing.clear()
        for name in self._shards.keys() - present:
            if self._progress[name].is_over:
                del self._shards[name]
        self._wake(now)
        return gaps

    def forgettable(self, today: datetime) -> Sequence[str]:
        """Shards that are over, that the stream no longer has, and that nothing is left of within its retention."""
        oldest = _before(today, self._retention)
        return [
            name
            for name, progress in self._progress.items()
            if name not in self._shards and (until := progress.done.until) is not None and until < oldest
        ]

    def forgotten(self, shard_id: str) -> None:
        """Forget the shard: its checkpoint is removed."""
        del self._progress[shard_id]
        self._expected.pop(shard_id, None)

    def counts(self) -> tuple[int, int]:
        """Shards that are read, and those that wait for their parents."""
        going = [name for name in self._shards if not self._progress[name].read.ended]
        reading = sum(self._may_be_read(name) for name in going)
        return reading, len(going) - reading

    def late(self, today: datetime, seconds: float) -> Sequence[tuple[str, int]]:
        """Shards of which nothing has been done up to so many seconds ago, and how many milliseconds that is now."""
        untils = [(name, self._progress[name].done.until) for name in self._shards if not self._progress[name].is_over]
        behind = [(name, today - until) for name, until in untils if until is not None]
        return [(name, round(time / _MILLISECOND)) for name, time in behind if time.total_seconds() > seconds]

    # -- reading ------------------------------------------------------------------------------------------------------

    def next_at(self) -> float | None:
        """When the next read is due; None if nothing can be read until something is done or listed."""
        return self._turns.next_at() if self._has_room() else None

    def next_turn(self, now: float) -> Turn | None:
        """The read to be made now. Exactly one of `took`, `rests`, `expired` and `missing` follows, or `positioned`."""
        if not self._has_room() or (name := self._turns.take(now)) is None:
            return None
        room = self._busy[name] = self._room_of(name)
        self._held_bytes += room
        progress = self._progress[name]
        return Turn(name, progress.iterator, progress.read.sequence, self._origin.since, room)

    def positioned(self, shard_id: str, iterator: str) -> None:
        """Keep the iterator of a shard whose read goes on."""
        self._progress[shard_id].iterator = iterator

    def took(self, shard_id: str, page: Page, started: float, asked_at: datetime) -> tuple[Batch | None, Gap | None]:
        """The read brought this page; returns the batch to hand out, if any, and what is perhaps missing before it."""
        progress = self._progress[shard_id]
        oldest = _before(asked_at, self._retention)
        since = progress.gap(oldest)
        batch = progress.took(shard_id, page, asked_at)
        weight_bytes = batch.weight_bytes if batch else 0
        self._held_bytes += weight_bytes
        self._expected[shard_id] = max(_LEAST_READ_BYTES, 2 * weight_bytes)
        self._turns.had(shard_id, started, page.size_bytes)
        self._end_turn(shard_id, started)
        return batch, Gap(shard_id, since, oldest) if since else None

    def rests(self, shard_id: str, now: float) -> None:
        """The read brought nothing, and the shard is to be left alone for a while."""
        self._turns.rests(shard_id, now)
        self._end_turn(shard_id, now)

    def expired(self, shard_id: str, now: float) -> None:
        """Its iterator is too old: the next read asks for another one, behind what was read."""
        self._progress[shard_id].iterator = None
        self._turns.had(shard_id, now, 0)
        self._end_turn(shard_id, now)

    def missing(self, shard_id: str, now: float) -> None:
        """The stream says that it does not have the shard: true if the next list of shards is without it, too."""
        self._missing.add(shard_id)
        self.rests(shard_id, now)

    def done_until(self) -> datetime | None:
        """Everything that arrived before then is done, in all shards that are read; None as long as that is unknown."""
        going = [self._progress[name].done for name in self._shards if self._may_be_read(name)]
        untils = [done.until for done in going if not done.ended]
        known = [until for until in untils if until is not None]
        return min(known) if known and len(known) == len(untils) else None

    # -- what is done -------------------------------------------------------------------------------------------------

    def done(self, batch: Batch, now: float) -> None:
        """Note that everything that comes of a batch is safe."""
        progress = self._progress.get(batch.shard)
        for each in progress.finish(batch) if progress else ():
            self._held_bytes -= each.weight_bytes
        self._want(batch.shard, now)

    def checkpoints(self, now: float, all_of_them: bool = False) -> Sequence[tuple[str, Position]]:
        """What is to be written now, ends of shards first: their children wait for them. `wrote` follows, or nothing.

        `all_of_them`: whatever is not written yet, whenever its turn is.
        """
        due = [
            (name, position)
            for name, progress in self._progress.items()
            if (position := progress.checkpoint(now, at_once=all_of_them)) is not None
        ]
        return sorted(due, key=lambda each: not each[1].ended)

    def wrote(self, shard_id: str, position: Position, found: Position | None, now: float) -> bool:
        """The checkpoint is written; this was there before. Returns whether somebody else had put it there."""
        progress = self._progress[shard_id]
        is_shared = progress.wrote(position, found)
        if progress.is_over:
            self._turns.leave(shard_id)
            self._wake(now)
        return is_shared

    def _end_turn(self, shard_id: str, now: float) -> None:
        self._held_bytes -= self._busy.pop(shard_id)
        self._want(shard_id, now)

    def _wake(self, now: float) -> None:
        for name in self._shards:
            self._want(name, now)

    def _want(self, shard_id: str, now: float) -> None:
        if self._may_be_read(shard_id) and shard_id not in self._busy and shard_id not in self._missing:
            self._turns.wait(shard_id, now)

    def _may_be_read(self, shard_id: str) -> bool:
        progress, shard = self._progress.get(shard_id), self._shards.get(shard_id)
        if shard is None or progress is None or progress.read.ended or progress.waiting >= self._limits.most_waiting:
            return False
        return all(self._is_over(parent) for parent in shard.parents)

    def _is_over(self, parent: str) -> bool:
        """One that the stream no longer has and that was never read holds up nobody."""
        return parent not in self._shards or self._progress[parent].is_over

    def _has_room(self) -> bool:
        """Whether there is room for the read whose turn is next, if there is one."""
        name = self._turns.first()
        room = self._room_of(name) if name else 0
        return self._held_bytes == 0 or self._held_bytes + room <= self._limits.max_bytes

    def _room_of(self, name: str) -> int:
        return min(self._limits.most_room_bytes, self._expected.get(name, LARGEST_READ_BYTES))


def _before(today: datetime, retention: timedelta) -> datetime:
    """The time from which on the stream keeps what arrived."""
    try:
        return today - retention
    except OverflowError:
        return datetime.min.replace(tzinfo=today.tzinfo)
