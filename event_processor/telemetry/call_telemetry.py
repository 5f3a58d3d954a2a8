"""Log lines and metrics of the calls to AWS."""

from typing import ClassVar, Final

import structlog

from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import Catalogue, CounterSpec, HistogramSpec, Metrics
from event_processor.telling import CallObserver

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)

RETRIED: Final = CounterSpec(
    "retries_total", "AWS calls, or entries of a batch call, tried again", ("operation", "error_code")
)
CALLS: Final = HistogramSpec("call_seconds", "Duration of AWS calls, successful or not", _SECONDS, ("operation",))


class CallTelemetry(CallObserver):
    """See CallObserver."""

    METRICS: ClassVar[Catalogue] = (CALLS, RETRIED)

    def __init__(self, metrics: Metrics, codes: ErrorCodes) -> None:
        self._log = structlog.get_logger("event_processor")
        self._retried, self._seconds, self._codes = metrics.counter(RETRIED), metrics.histogram(CALLS), codes

    def called(self, operation: str, seconds: float) -> None:
        """See CallObserver."""
        self._seconds.labels(operation).observe(seconds)

    def retried(self, operation: str, error_code: str) -> None:
        """See CallObserver."""
        self._retried.labels(operation, self._codes.label(error_code)).inc()
        self._log.debug("retried", operation=operation, error_code=error_code)
