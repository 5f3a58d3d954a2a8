"""Writes the checkpoints, each only behind what is done, and tells of shards of which nothing is done any more."""

import threading
from typing import Final

from event_processor.clock import Clock
from event_processor.consuming.descent import Descent
from event_processor.consuming.ports import Checkpoints, ReadingObserver
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed
from event_processor.telling import attempt

_LATE_SECONDS: Final = 5.0  # a shard that is done no further for so long is told to be behind, read or not


class Keeping:
    """For one thread. `lock` is that of the descent; who waits for it hears when the end of a shard is kept."""

    def __init__(
        self,
        descent: Descent,
        checkpoints: Checkpoints,
        lock: threading.Condition,
        clock: Clock,
        observer: ReadingObserver,
    ) -> None:
        self._descent, self._checkpoints, self._lock = descent, checkpoints, lock
        self._clock, self._observer = clock, observer
        self._told_at = clock.monotonic()

    def write(self, all_of_them: bool) -> bool:
        """Write what is due, or all that is done by now. False when the store fails: try again in a moment."""
        for shard_id, position in self._due(all_of_them):
            found = attempt(self._observer, "checkpoint", lambda: self._checkpoints.advance(shard_id, position))  # noqa: B023
            if isinstance(found, CallFailed):
                return False
            with self._lock:
                is_shared = self._descent.wrote(shard_id, position, found, self._clock.monotonic())
                self._lock.notify_all()
            if is_shared:
                self._observer.shared(shard_id)
            self._observer.checkpointed(shard_id, position)
            if position.ended:
                self._observer.ended(shard_id)
        return True

    def tell_late(self) -> None:
        """Tell of shards that are not read on, as a read fails or nobody finishes a batch: their lag grows, too."""
        if (now := self._clock.monotonic()) < self._told_at + _LATE_SECONDS:
            return
        self._told_at = now
        with self._lock:
            late = self._descent.late(self._clock.now(), _LATE_SECONDS)
        for shard_id, milliseconds in late:
            self._observer.lag(shard_id, milliseconds)

    def _due(self, all_of_them: bool) -> list[tuple[str, Position]]:
        with self._lock:
            return list(self._descent.checkpoints(self._clock.monotonic(), all_of_them))
