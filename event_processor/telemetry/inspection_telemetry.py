"""Log lines and metrics of verdicts on the records of a stream."""

from collections.abc import Sequence
from typing import Final

import structlog

from event_processor.inspection.ports import Counts
from event_processor.rejects.reject import Reject
from event_processor.telemetry.logs import places
from event_processor.telemetry.metrics import LONG_SECONDS, CounterSpec, GaugeSpec, HistogramSpec, Metrics
from event_processor.telemetry.progress_line import ProgressLine

ACCEPTED, REJECTED = "accepted", "rejected"

VERDICTS: Final = CounterSpec(
    "verdicts_total",
    "Records judged: accepted, or rejected with the reject stored. A subject without a contract is `unknown`",
    ("stream", "subject", "verdict"),
)
AGE: Final = HistogramSpec(
    "verdict_age_seconds",
    "Seconds from a record's arrival on the stream to its verdict; the oldest record of each batch",
    buckets=LONG_SECONDS,
)
HELD: Final = GaugeSpec("rejects_held", "Rejects that wait for the registry to be read, or for the reject store")
BROKEN: Final = CounterSpec("records_broken_total", "Records on which our own code failed, which became rejects")
NOT_KEPT: Final = CounterSpec(
    "originals_not_kept_total", "Rejects stored without their record, too large for the queue of rejects"
)


class InspectionTelemetry:
    """The part of InspectionObserver that is about verdicts."""

    def __init__(self, metrics: Metrics, stream: str, progress: ProgressLine) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics, self._stream, self._progress = metrics, stream, progress
        for verdict in (ACCEPTED, REJECTED):
            metrics.counter(VERDICTS).labels(stream, "unknown", verdict)

    def judged(self, accepted: Counts, age_seconds: float) -> None:
        self._metrics.histogram(AGE).observe(age_seconds)
        self._count(accepted, ACCEPTED)

    def refused(self, refused: Counts) -> None:
        self._count(refused, REJECTED)

    def holding(self, records: int, batches: int) -> None:  # noqa: ARG002 - rejects are what waits
        self._metrics.gauge(HELD).set(records)

    def broken(self, error: Exception) -> None:
        """The exception's text may hold payload, so only its places are logged."""
        self._metrics.counter(BROKEN).inc()
        self._log.error("bug: a record could not be judged", error=type(error).__name__, places=places(error))

    def originals_not_kept(self, rejects: Sequence[Reject]) -> None:
        self._metrics.counter(NOT_KEPT).inc(len(rejects))
        for reject in rejects:
            text = "the reject store could not take the record: only the stream has it, for as long as it keeps it"
            self._log.error(text, reject_id=reject.reject_id, stream=reject.origin.name, record=reject.origin.id)

    def _count(self, by_subject: Counts, verdict: str) -> None:
        for subject, number in by_subject.items():
            self._metrics.counter(VERDICTS).labels(self._stream, subject, verdict).inc(number)
            self._progress.add(verdict, number)
