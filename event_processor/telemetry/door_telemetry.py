"""Log lines and metrics of requests at the HTTP door, and of their records."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final

import structlog

from event_processor.publishing.stream import Refused
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.logs import places
from event_processor.telemetry.metrics import CounterSpec, GaugeSpec, HistogramSpec, Metrics
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telemetry.publish_telemetry import REFUSED, WAVES

_SECONDS: Final = (0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ACCEPTED, REJECTED = "accepted", "rejected"

REQUESTS: Final = CounterSpec(
    "requests_total",
    "Requests answered; `stream` is empty if the request names no known stream",
    ("stream", "status"),
)
VERDICTS: Final = CounterSpec(
    "verdicts_total", "Records judged by their contracts: accepted, or rejected", ("stream", "verdict")
)
ACKNOWLEDGED: Final = CounterSpec("records_acknowledged_total", "Records that Kinesis acknowledged", ("stream",))
UNFINISHED: Final = CounterSpec(
    "records_unfinished_total", "Records whose request was answered 503; they may be on the stream or not", ("stream",)
)
REQUEST_SECONDS: Final = HistogramSpec(
    "request_seconds", "Seconds from a request's headers to its answer", buckets=_SECONDS
)
AGE: Final = HistogramSpec(
    "record_age_seconds", "Seconds from a request's headers to a record's acknowledgement", buckets=_SECONDS
)
IN_HAND: Final = GaugeSpec("in_hand_records", "Records in hand: not answered yet, or still on the wire")
IN_HAND_BYTES: Final = GaugeSpec("in_hand_bytes", "Bytes of bodies and records in hand")
VIOLATIONS: Final = CounterSpec(
    "order_violations_total", "Times that Kinesis acknowledged records of a key out of order"
)
BROKEN: Final = CounterSpec("records_broken_total", "Records or requests on which our own code failed")


class DoorTelemetry:
    """The part of GatewayObserver that is about requests and records. The series of these streams exist at once."""

    def __init__(self, metrics: Metrics, codes: ErrorCodes, progress: ProgressLine, streams: Iterable[str]) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics, self._codes, self._progress = metrics, codes, progress
        self._requests = cache(metrics.counter(REQUESTS).labels)
        self._verdicts = cache(metrics.counter(VERDICTS).labels)
        self._acknowledged = cache(metrics.counter(ACKNOWLEDGED).labels)
        self._request_seconds, self._age = metrics.histogram(REQUEST_SECONDS), metrics.histogram(AGE)
        for stream in streams:
            for status in (200, 429, 503):
                self._requests(stream, status)
            self._acknowledged(stream)
            metrics.counter(UNFINISHED).labels(stream)
            for verdict in (ACCEPTED, REJECTED):
                self._verdicts(stream, verdict)

    def answered(self, stream: str, status: int, seconds: float) -> None:
        self._requests(stream, status).inc()
        self._request_seconds.observe(seconds)

    def offered(self, stream: str, accepted: int, refused: int) -> None:
        if accepted:
            self._verdicts(stream, ACCEPTED).inc(accepted)
        if refused:
            self._verdicts(stream, REJECTED).inc(refused)

    def wave(self, records: int) -> None:
        self._metrics.histogram(WAVES).observe(records)

    def acknowledged(self, stream: str, ages: Sequence[float]) -> None:
        if not ages:
            return
        self._acknowledged(stream).inc(len(ages))
        for seconds in ages:
            self._age.observe(seconds)
        self._progress.add("acknowledged", len(ages))

    def refused(self, refusals: Sequence[Refused]) -> None:
        for code, records in Counter(refusal.error_code for refusal in refusals).items():
            self._metrics.counter(REFUSED).labels(self._codes.label(code)).inc(records)
            self._progress.add("refused", records)

    def unfinished(self, stream: str, records: int) -> None:
        self._metrics.counter(UNFINISHED).labels(stream).inc(records)
        self._progress.add("unfinished", records)

    def order_violated(self, stream: str) -> None:
        self._metrics.counter(VIOLATIONS).inc()
        self._log.error("order violated: the stream gave a later record of a key a lower number", stream=stream)

    def broken(self, error: Exception) -> None:
        """The exception's text may hold payload, so only its places are logged."""
        self._metrics.counter(BROKEN).inc()
        self._log.error("bug: a record or request failed", error=type(error).__name__, places=places(error))

    def watch_hands(self, records: Callable[[], float], size_bytes: Callable[[], float]) -> None:
        """The same for what is in hand."""
        self._metrics.gauge(IN_HAND).set_function(records)
        self._metrics.gauge(IN_HAND_BYTES).set_function(size_bytes)
