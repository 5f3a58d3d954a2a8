"""Log lines and metrics of judging metrics: how many, what was found, and how long that took."""

from typing import Final

import structlog

from event_processor.clock import Clock
from event_processor.monitoring.finding import Finding
from event_processor.monitoring.incidents import SILENCE, Incident
from event_processor.monitoring.ports import Taken
from event_processor.telemetry.logs import places
from event_processor.telemetry.metrics import LONG_SECONDS, CounterSpec, GaugeSpec, HistogramSpec, Metrics
from event_processor.telemetry.progress_line import ProgressLine

_SECONDS: Final = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.1, 1)

METRICS: Final = CounterSpec(
    "metrics_total",
    "Metrics read: evaluated, repeated (known, not complete, or too old), refused (more series than MONITOR_SERIES), "
    "malformed (a reject), or broken (by a bug of ours)",
    ("outcome",),
)
FINDINGS: Final = CounterSpec(
    "findings_total", "Findings, by detector: guard, baseline, model or silence", ("detector",)
)
INCIDENTS: Final = CounterSpec(
    "incidents_total", "Incidents that began: a finding in a series that had none open", ("severity",)
)
OPEN: Final = GaugeSpec(
    "incidents_open", "Incidents that are not over, by the severity of their latest finding", ("severity",)
)
OVER: Final = CounterSpec(
    "incidents_over_total",
    "Incidents that ended or are no longer reported: recovered, corrected, or labelled",
    ("state",),
)
SERIES: Final = GaugeSpec("series", "Known series")
WARMING: Final = GaugeSpec("series_warming", "Series with too few buckets for a baseline")
SECONDS: Final = HistogramSpec("evaluation_seconds", "Duration of the evaluation of one metric", buckets=_SECONDS)
AGE: Final = HistogramSpec(
    "evaluation_age_seconds",
    "Seconds from a metric's arrival on the stream until it was evaluated",
    buckets=LONG_SECONDS,
)
QUIET: Final = GaugeSpec(
    "evaluated_seconds_ago",
    "Seconds since a metric was last evaluated, or since the start; nothing is watched while it grows",
)
SAVED: Final = HistogramSpec("saving_seconds", "Duration of one round of storing what changed", buckets=LONG_SECONDS)
SAVED_BYTES: Final = CounterSpec("saved_bytes_total", "Bytes stored in these rounds")
LABELS: Final = GaugeSpec("labels_version", "The version of the labels in force")
MODEL: Final = GaugeSpec("model_promoted", "1 if a promoted model is in use, else 0")
BROKEN: Final = CounterSpec("metrics_broken_total", "Metrics on which our own code failed")

_LAYERS: Final = ("guard", "baseline", "model", SILENCE)
_SEVERITIES: Final = ("critical", "warning")
_STATES: Final = ("recovered", "corrected", "expected", "maintenance")


class MonitoringTelemetry:
    """The part of MonitorObserver that is not a step."""

    def __init__(self, metrics: Metrics, clock: Clock, progress: ProgressLine) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics, self._clock, self._progress = metrics, clock, progress
        self._evaluated_at = clock.monotonic()
        self._counts: tuple[int, int, str | None] = (0, 0, None)
        metrics.gauge(QUIET).set_function(lambda: clock.monotonic() - self._evaluated_at)
        self._outcomes = {taken: metrics.counter(METRICS).labels(taken.value) for taken in Taken}
        for layer in _LAYERS:
            metrics.counter(FINDINGS).labels(layer)
        for severity in _SEVERITIES:
            metrics.counter(INCIDENTS).labels(severity)
            metrics.gauge(OPEN).labels(severity)
        for state in _STATES:
            metrics.counter(OVER).labels(state)

    def took(self, taken: Taken, seconds: float, age_seconds: float) -> None:
        self._outcomes[taken].inc()
        self._progress.add(taken.value, 1)
        if taken is Taken.EVALUATED:
            self._evaluated_at = self._clock.monotonic()
            self._metrics.histogram(SECONDS).observe(seconds)
            self._metrics.histogram(AGE).observe(age_seconds)

    def found(self, finding: Finding, is_new: bool) -> None:
        self._metrics.counter(FINDINGS).labels(finding.layer).inc()
        if is_new:
            self._metrics.counter(INCIDENTS).labels(finding.severity).inc()
            self._log.warning(
                "finding",
                id=finding.id,
                series=finding.series.key,
                detector=finding.detector,
                severity=finding.severity,
                reason=finding.reasons[0] if finding.reasons else "",
            )

    def over(self, incident: Incident) -> None:
        self._metrics.counter(OVER).labels(incident.state).inc()
        self._log.info("finding is over", id=incident.id, series=incident.first.series.key, state=incident.state)

    def tracking(self, series: int, warming: int, critical: int, warning: int) -> None:
        self._metrics.gauge(SERIES).set(series)
        self._metrics.gauge(WARMING).set(warming)
        for severity, number in zip(_SEVERITIES, (critical, warning), strict=True):
            self._metrics.gauge(OPEN).labels(severity).set(number)

    def saved(self, parts: int, size_bytes: int, seconds: float) -> None:  # noqa: ARG002 - bytes say it
        self._metrics.histogram(SAVED).observe(seconds)
        self._metrics.counter(SAVED_BYTES).inc(size_bytes)

    def took_up(self, labels: int, hushes: int, model: str | None) -> None:
        self._metrics.gauge(LABELS).set(labels)
        self._metrics.gauge(MODEL).set(model is not None)
        if self._counts != (labels, hushes, model):  # each invocation of a Lambda function takes them up
            self._counts = (labels, hushes, model)
            self._log.info("labels, snoozes or model changed", labels=labels, hushes=hushes, model=model)

    def broken(self, error: Exception) -> None:
        """The exception's text may hold what somebody sent, so only its places are logged."""
        self._metrics.counter(BROKEN).inc()
        self._log.error("bug: a metric could not be judged", error=type(error).__name__, places=places(error))
