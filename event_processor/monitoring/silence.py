"""What should have arrived and did not: when the buckets of a series come, and whose time is up.

There is no schedule: what came tells when the next is due.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import astuple, dataclass
from threading import Lock
from typing import Final, Generic, TypeVar

from event_processor.clock import Clock

LEAST_SEEN: Final = 3
"""Buckets, before anything is expected of a series."""
_LEAST_GRACE_SECONDS: Final = 30.0
_MOST_GRACE_SECONDS: Final = 3600.0
_MOST_STEP_SECONDS: Final = 2 * 366 * 86_400  # the longest bucket's; more is the time of no bucket, such as 1970
_FORGETTING: Final = 0.1  # of what was longest, for each bucket that is quicker

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class Arrival:
    """When the buckets of one series come: how far apart their ends are, and how long after its end one comes.

    Both are the longest of late, so a series that pauses every night is not missed in the second one.
    """

    until: int = 0
    seen: int = 0
    step_seconds: float = 0.0
    late_seconds: float = 0.0

    def saw(self, start: int, seconds: int, now: float) -> bool:
        """A bucket came. Returns whether it is the newest."""
        end = start + seconds
        if end <= self.until:
            return False
        if self.seen and end - self.until <= _MOST_STEP_SECONDS:
            self.step_seconds = _longest(self.step_seconds, end - self.until)
        self.late_seconds = _longest(self.late_seconds, max(0.0, now - end))
        self.until = end
        self.seen += 1
        return True

    @property
    def expected_by(self) -> float | None:
        """When the next bucket is missing, seconds since 1970; None while too little is known."""
        if self.seen < LEAST_SEEN:
            return None
        grace = max(_LEAST_GRACE_SECONDS, min(_MOST_GRACE_SECONDS, self.step_seconds / 2))
        return self.until + self.step_seconds + self.late_seconds + grace

    def state(self) -> list[float]:
        """As it is stored."""
        return list(astuple(self))

    @classmethod
    def restore(cls, state: list[float]) -> "Arrival":
        """What `state` was of."""
        until, seen, step, late = state
        return cls(int(until), int(seen), step, late)


class Deadlines(Generic[K]):
    """Whose time is up. A deadline that has moved on since it was set is looked at again when its old time comes."""

    def __init__(self, deadline: Callable[[K], float | None]) -> None:
        self._deadline = deadline
        self._heap: list[tuple[float, int, K]] = []
        self._waiting: set[K] = set()
        self._number = 0  # keys need not be comparable

    def watch(self, key: K, not_before: float = 0.0) -> None:
        """From now on, if something is expected of it; nothing changes if it is watched already."""
        deadline = self._deadline(key)
        if key not in self._waiting and deadline is not None:
            self._waiting.add(key)
            self._number += 1
            heapq.heappush(self._heap, (max(deadline, not_before), self._number, key))

    def due(self, now: float) -> list[K]:
        """Those whose time is up; they are not watched any more."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            _, _, key = heapq.heappop(self._heap)
            self._waiting.discard(key)
            deadline = self._deadline(key)
            if deadline is None:
                continue
            if deadline > now:
                self.watch(key)
            else:
                found.append(key)
        return found


class Tide:
    """How far the stream is judged: whatever arrived before is known. Hears what a reader tells; for any thread.

    A batch that is read and not judged yet holds it back, and so does a shard that was not read yet.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._shards = 0
        self._unjudged: Counter[str] = Counter()
        self._read: dict[str, float] = {}
        self._judged: dict[str, float] = {}

    def shards_seen(self, reading: int, waiting: int, retention_seconds: float) -> None:  # noqa: ARG002 - how many
        """See ReadingObserver."""
        self._shards = reading

    def read(self, shard_id: str, records: int, size_bytes: int, call_seconds: float) -> None:  # noqa: ARG002 - whether any
        """See ReadingObserver: told before the batch is handed out."""
        if records:
            with self._lock:
                self._unjudged[shard_id] += 1

    def lag(self, shard_id: str, behind_milliseconds: int) -> None:
        """See ReadingObserver: told before the batch is handed out."""
        with self._lock:
            self._read[shard_id] = self._clock.now().timestamp() - behind_milliseconds / 1000
            self._settle(shard_id)

    def judged(self, shard_id: str) -> None:
        """All of a batch of it."""
        with self._lock:
            self._unjudged[shard_id] = max(0, self._unjudged[shard_id] - 1)
            self._settle(shard_id)

    def ended(self, shard_id: str) -> None:
        """See ReadingObserver: nothing more comes of it."""
        with self._lock:
            for each in (self._unjudged, self._read, self._judged):
                each.pop(shard_id, None)

    @property
    def until(self) -> float | None:
        """Everything that arrived before then is judged; None before all shards were read."""
        with self._lock:
            return min(self._judged.values(), default=None) if len(self._judged) >= self._shards else None

    def _settle(self, shard_id: str) -> None:
        if not self._unjudged[shard_id] and shard_id in self._read:
            self._judged[shard_id] = self._read[shard_id]


def _longest(before: float, now: float) -> float:
    return now if now >= before else before - (before - now) * _FORGETTING
