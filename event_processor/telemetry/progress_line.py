"""Frequent facts as one log line a second: a line for each would cost more than the work itself."""

import threading
from collections import Counter
from typing import Final

import structlog

from event_processor.clock import Clock

_EVERY_SECONDS: Final = 1.0


class ProgressLine:
    """Adds up, and says so at most once a second: at once after a quiet second, else with what comes later."""

    def __init__(self, clock: Clock) -> None:
        self._log, self._clock = structlog.get_logger("event_processor"), clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._said_at = float("-inf")

    def add(self, fact: str, number: int) -> None:
        """So much more of this."""
        with self._lock:
            self._counts[fact] += number
            if self._clock.monotonic() - self._said_at < _EVERY_SECONDS:
                return
        self.say()

    def say(self) -> None:
        """Whatever has not been said yet."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._said_at = self._clock.monotonic()
        if counts:
            self._log.info("progress", **counts)
