"""When the next submission is due."""

import threading
import time
from collections.abc import Iterator
from itertools import count, repeat
from random import Random
from typing import Literal, TypeAlias

Pacing: TypeAlias = Literal["constant", "poisson"]

BATCH_WINDOW_SECONDS = 0.05
"""What falls due this close together travels in one call."""


def due_seconds(rate: float, pacing: Pacing, rng: Random) -> Iterator[float]:
    """Seconds after the start at which each submission is due, for ever; `rate` per second, 0 for all at once."""
    if rate == 0:
        return repeat(0.0)
    if pacing == "constant":
        return (number / rate for number in count())
    return _arrivals(rate, rng)


def _arrivals(rate: float, rng: Random) -> Iterator[float]:
    due = 0.0
    while True:
        due += rng.expovariate(rate)
        yield due


def scheduled(rate: float, pacing: Pacing, seed: int, submissions: int | None, stop: threading.Event) -> "Schedule":
    """The schedule of a fleet with this seed."""
    return Schedule(due_seconds(rate, pacing, Random(f"{seed}/pacing")), submissions, stop)


class Schedule:
    """Hands out the indices of submissions as they fall due; threads share it.

    An open load: what fell due while the queue was slow is handed out at once afterwards, as real sensors would.
    """

    def __init__(self, due: Iterator[float], submissions: int | None, stop: threading.Event) -> None:
        self._due = due
        self._last = submissions
        self._stop = stop
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._next = 0
        self._next_due = next(due)

    def take(self, limit: int) -> list[int]:
        """Up to `limit` indices, as soon as the first is due. Empty when all are taken or the fleet stops."""
        with self._lock:
            if self._finished() or self._stop.wait(max(0.0, self._next_due - self._elapsed())):
                return []
            taken = [self._advance()]
            while (
                len(taken) < limit and not self._finished() and self._next_due <= self._elapsed() + BATCH_WINDOW_SECONDS
            ):
                taken.append(self._advance())
            return taken

    def _finished(self) -> bool:
        return self._next == self._last

    def _elapsed(self) -> float:
        return time.monotonic() - self._start

    def _advance(self) -> int:
        index = self._next
        self._next += 1
        self._next_due = next(self._due)
        return index
