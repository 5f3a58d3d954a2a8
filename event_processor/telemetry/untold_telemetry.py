"""Log lines and metrics of facts on which an observer failed, and of lines that the log dropped."""

import threading
from collections.abc import Iterable
from typing import Final

import structlog

from event_processor.telemetry.logs import places
from event_processor.telemetry.metrics import CounterSpec, Metrics
from event_processor.telling import UntoldObserver

LINES_DROPPED: Final = CounterSpec(
    "log_lines_dropped_total", "Log lines dropped because standard error did not take them, or not fast enough"
)
UNTOLD: Final = CounterSpec(
    "facts_untold_total",
    "Facts whose log line, metric or span failed because of a bug; the work itself went on",
    ("fact",),
)


class UntoldTelemetry(UntoldObserver):
    """See UntoldObserver. The series of these facts exist before the first of them is untold."""

    def __init__(self, metrics: Metrics, facts: Iterable[str]) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics = metrics
        self._lock = threading.Lock()
        self._logged: set[str] = set()
        for fact in facts:
            metrics.counter(UNTOLD).labels(fact)

    def untold(self, fact: str, error: Exception) -> None:
        """One line for each fact, not one for every time."""
        self._metrics.counter(UNTOLD).labels(fact).inc()
        with self._lock:
            if fact in self._logged:
                return
            self._logged.add(fact)
        self._log.error("bug: could not tell", fact=fact, error=type(error).__name__, places=places(error))
