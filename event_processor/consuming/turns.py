"""Whose turn it is: each shard is read as often as it allows, and one that fails or throttles rests by itself. Pure."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SHARD_BYTES_PER_SECOND: Final = 2 * 1024 * 1024
"""What a shard gives to all of its readers together (API reference, GetRecords)."""
_REST_SECONDS: Final = 1.0
_LONGEST_REST_SECONDS: Final = 5.0  # after a large read, a shard gives nothing for so long (API reference, GetRecords)


@dataclass(slots=True)
class _Turn:
    due: float
    rest: float = _REST_SECONDS
    is_waiting: bool = False


class Turns:
    """Shards wait for their turn, in the order of when it is due. `random` gives numbers from 0 to 1."""

    def __init__(self, reads_per_second: float, random: Callable[[], float]) -> None:
        self._pause = 1 / reads_per_second
        self._random = random
        self._turns: dict[str, _Turn] = {}
        self._heap: list[tuple[float, str]] = []

    def wait(self, shard_id: str, now: float) -> None:
        """The shard is to be read as soon as it is due; nothing changes if it waits already."""
        turn = self._turns.setdefault(shard_id, _Turn(now))
        if not turn.is_waiting:
            turn.is_waiting = True
            heapq.heappush(self._heap, (turn.due, shard_id))

    def next_at(self) -> float | None:
        """When the next turn is due, None if none waits."""
        return self._heap[0][0] if self._heap else None

    def first(self) -> str | None:
        """The shard whose turn is next, due or not."""
        return self._heap[0][1] if self._heap else None

    def take(self, now: float) -> str | None:
        """The shard whose turn it is; it waits no longer."""
        if not self._heap or self._heap[0][0] > now:
            return None
        _, shard_id = heapq.heappop(self._heap)
        self._turns[shard_id].is_waiting = False
        return shard_id

    def had(self, shard_id: str, started: float, size_bytes: int) -> None:
        """Note that the shard was read, and when it may be read again."""
        turn = self._turns[shard_id]
        turn.due = started + max(self._pause, size_bytes / SHARD_BYTES_PER_SECOND)
        turn.rest = _REST_SECONDS

    def rests(self, shard_id: str, now: float) -> None:
        """Let the shard rest, which was throttled or failed: longer each time, up to a limit."""
        turn = self._turns[shard_id]
        turn.due = now + turn.rest * (0.5 + self._random() / 2)
        turn.rest = min(turn.rest * 2, _LONGEST_REST_SECONDS)

    def leave(self, shard_id: str) -> None:
        """Forget the shard, which is not read any more."""
        self._turns.pop(shard_id, None)
