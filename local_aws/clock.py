"""The one source of time: visibility, delays, throttling and timestamps all ask it."""

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Tells the time in seconds since 1970."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's time at start, moved on by the monotonic clock so that setting the date disturbs no deadline."""

    def __init__(self) -> None:
        self._offset_seconds = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._offset_seconds + time.monotonic()


class ManualClock:
    """Time that moves only when a test moves it."""

    def __init__(self, start_seconds: float = 1_700_000_000.0) -> None:
        self._now_seconds = start_seconds

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._now_seconds

    def advance(self, seconds: float) -> None:
        """Move time forward."""
        self._now_seconds += seconds


class ShiftedClock:
    """Another clock's time, as far off as ``offset_seconds`` says at the moment: this one may go backwards."""

    def __init__(self, clock: Clock, offset_seconds: Callable[[], float]) -> None:
        self._clock = clock
        self._offset_seconds = offset_seconds

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC, and the offset."""
        return self._clock.now() + self._offset_seconds()
