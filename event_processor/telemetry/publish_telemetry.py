"""Log lines and metrics of publishing."""

import logging
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from typing import Final

import structlog

from event_processor.publishing.stream import PublishingObserver, Record, Refused
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import CounterSpec, HistogramSpec, Metrics
from event_processor.telemetry.progress_line import ProgressLine

_USUAL_REFUSALS: Final = ("ProvisionedThroughputExceededException", "InternalFailure")
_WAVE_RECORDS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 300, 400, 500)

PUBLISHED: Final = CounterSpec("events_published_total", "Events that Kinesis acknowledged", ("event_type",))
REFUSED: Final = CounterSpec(
    "records_refused_total", "Records refused inside a PutRecords answer and sent again", ("error_code",)
)
WAVES: Final = HistogramSpec("wave_records", "Records in one PutRecords call", buckets=_WAVE_RECORDS)


class PublishTelemetry(PublishingObserver):
    """See PublishingObserver. The series of these event types exist before the first of their records."""

    def __init__(self, metrics: Metrics, codes: ErrorCodes, progress: ProgressLine, event_types: Iterable[str]) -> None:
        self._log = structlog.get_logger("event_processor")
        self._codes, self._progress = codes, progress
        self._published = cache(metrics.counter(PUBLISHED).labels)  # by event type
        for event_type in event_types:
            self._published(event_type)
        self._refused, self._waves = metrics.counter(REFUSED), metrics.histogram(WAVES)
        for code in _USUAL_REFUSALS:
            self._refused.labels(code)

    def wave(self, submissions: Sequence[Hashable], acknowledged: int, refused: int, call_seconds: float) -> None:  # noqa: ARG002 - told as published, refused and called, too
        self._waves.observe(len(submissions))

    def published(self, records: Sequence[Record]) -> None:
        if not records:
            return
        for event_type, events in Counter(record.event_type for record in records).items():
            self._published(event_type).inc(events)
        self._progress.add("published", len(records))
        if self._log.is_enabled_for(logging.DEBUG):
            for record in records:
                self._log.debug("published event", record=record.data.decode())

    def refused(self, refusals: Sequence[Refused]) -> None:
        for code, records in Counter(refusal.error_code for refusal in refusals).items():
            self._refused.labels(self._codes.label(code)).inc(records)
            self._progress.add("refused", records)
            self._log.debug("refused, will be sent again", records=records, error_code=code)
