"""Log lines and metrics of the calls to AWS, and of the steps that make them: which fail now, which work again."""

import threading
from dataclasses import dataclass
from functools import cache
from typing import Final

import structlog

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.logs import places
from event_processor.telemetry.metrics import CounterSpec, HistogramSpec, Metrics
from event_processor.telling import CallObserver, StepObserver

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)

CALLS: Final = HistogramSpec("call_seconds", "Duration of AWS calls, successful or not", ("operation",), _SECONDS)
RETRIED: Final = CounterSpec(
    "retries_total", "AWS calls, or entries of a batch call, tried again", ("operation", "error_code")
)
FAILED: Final = CounterSpec(
    "calls_failed_total",
    "AWS and store calls that failed after all retries; the step tries again later",
    ("step", "error_code"),
)


class CallTelemetry(CallObserver):
    """See CallObserver."""

    def __init__(self, metrics: Metrics, codes: ErrorCodes) -> None:
        self._log = structlog.get_logger("event_processor")
        self._retried, self._codes = metrics.counter(RETRIED), codes
        self._seconds = cache(metrics.histogram(CALLS).labels)  # by operation

    def called(self, operation: str, seconds: float) -> None:
        self._seconds(operation).observe(seconds)

    def retried(self, operation: str, error_code: str) -> None:
        self._retried.labels(operation, self._codes.label(error_code)).inc()
        self._log.debug("retried", operation=operation, error_code=error_code)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A step that does not succeed at the moment."""

    since: float
    code: str
    text: str


class StepTelemetry(StepObserver):
    """See StepObserver."""

    def __init__(self, metrics: Metrics, codes: ErrorCodes, clock: Clock) -> None:
        self._log = structlog.get_logger("event_processor")
        self._failed, self._codes, self._clock = metrics.counter(FAILED), codes, clock
        self._lock = threading.Lock()
        self._troubles: dict[str, Trouble] = {}
        self._worked_at: dict[str, float] = {}  # the last success of a step

    @property
    def troubles(self) -> dict[str, Trouble]:
        """The steps that do not succeed now, by name."""
        with self._lock:
            return dict(self._troubles)

    def worked_within(self, step: str, seconds: float) -> bool:
        """Whether a step succeeded so recently."""
        return self._clock.monotonic() - self._worked_at.get(step, float("-inf")) <= seconds

    def failing(self, step: str, error: CallFailed) -> None:
        """One line when it starts or changes, not one for every try."""
        self._failed.labels(step, self._codes.label(error.code)).inc()
        with self._lock:
            before = self._troubles.get(step)
            if before is not None and before.code == error.code:
                return
            since = before.since if before else self._clock.monotonic()
            self._troubles[step] = Trouble(since, error.code, str(error))
        self._log.error("failing, will go on trying", step=step, error_code=error.code, detail=error.detail)

    def working(self, step: str) -> None:
        self._worked_at[step] = self._clock.monotonic()
        if step not in self._troubles:
            return
        with self._lock:
            before = self._troubles.pop(step, None)
        if before is not None:
            self._log.info("working again", step=step, after_seconds=round(self._clock.monotonic() - before.since, 1))

    def crashed(self, step: str, error: BaseException) -> None:
        self._log.critical("bug: stopping", step=step, error=type(error).__name__, places=places(error))
