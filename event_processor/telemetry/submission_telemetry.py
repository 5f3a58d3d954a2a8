"""Log lines and metrics of submissions: what is received, what is in hand, and how it leaves."""

from collections.abc import Callable, Sequence
from math import nan
from typing import Final

import structlog

from event_processor.clock import Clock
from event_processor.publishing.stream import Record
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.ports import HoldingObserver, ReceivingObserver
from event_processor.telemetry.logs import places
from event_processor.telemetry.metrics import LONG_SECONDS, CounterSpec, GaugeSpec, HistogramSpec, Metrics
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telling import UntoldObserver

_RELEASE_REASONS: Final = ("failed", "stopping", "original_not_kept", "no_room")

QUEUE: Final = GaugeSpec("queue_messages", "Messages on the queue, as SQS estimates them", ("state",))
RECEIVED: Final = CounterSpec("submissions_received_total", "Messages received from the queue, repeats included")
HALTED: Final = GaugeSpec(
    "reject_limit_reached", "1 once the reject limit is reached and nothing more is received; else 0"
)
VALID: Final = CounterSpec("events_valid_total", "Events found valid, to be published")
LANES: Final = GaugeSpec("lanes_in_flight", "Submissions with events still to be acknowledged")
PACED: Final = GaugeSpec("lanes_paced", "Submissions that wait only for room on their shard")
SUBMISSIONS_LIMIT: Final = GaugeSpec("submissions_in_flight_limit", "The most submissions in hand, MAX_IN_FLIGHT")
BYTES: Final = GaugeSpec("bytes_in_flight", "Bytes of bodies and records in hand")
BYTES_LIMIT: Final = GaugeSpec("bytes_in_flight_limit", "The most bytes in hand, MAX_IN_FLIGHT_BYTES")
OLDEST: Final = GaugeSpec(
    "oldest_unfinished_seconds", "How long the oldest message in hand has been held; 0 if there is none"
)
OLDEST_LIMIT: Final = GaugeSpec(
    "oldest_unfinished_limit_seconds", "How long a message may be held before /livez fails, UNFINISHED_LIMIT"
)
AGE: Final = HistogramSpec(
    "submission_age_seconds", "Seconds from sending (SentTimestamp) to the last acknowledgement", buckets=LONG_SECONDS
)
IN_PROCESS: Final = HistogramSpec(
    "submission_held_seconds", "Seconds from receive to the last acknowledgement", buckets=LONG_SECONDS
)
VIOLATIONS: Final = CounterSpec(
    "order_violations_total",
    "Events acknowledged with a lower sequence number than an earlier event of their submission. Must stay 0",
)
DELETED: Final = CounterSpec("submissions_deleted_total", "Messages deleted after all their events were acknowledged")
NOT_DELETED: Final = CounterSpec(
    "submissions_not_deleted_total", "Finished messages that could not be deleted and will be received again"
)
RELEASED: Final = CounterSpec("submissions_released_total", "Messages given back to the queue unfinished", ("reason",))
LOST: Final = CounterSpec(
    "submissions_lost_hold_total", "Messages whose visibility timeout ran out while they were held"
)


class SubmissionTelemetry(ReceivingObserver, HoldingObserver):
    """See ReceivingObserver and HoldingObserver. `limit_reached` says why, once the reject limit is reached."""

    def __init__(self, metrics: Metrics, clock: Clock, progress: ProgressLine, untold: UntoldObserver) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics, self._clock, self._progress, self._untold = metrics, clock, progress, untold
        self.limit_reached = ""
        for why in _RELEASE_REASONS:
            metrics.counter(RELEASED).labels(why)

    def received(self, deliveries: Sequence[Delivery], call_seconds: float) -> None:  # noqa: ARG002 - in CALLS already
        self._metrics.counter(RECEIVED).inc(len(deliveries))
        self._progress.add("received", len(deliveries))
        self._log.debug("received", submissions=len(deliveries))

    def validated(self, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
        self._metrics.counter(VALID).inc(sum(len(records) for _, records in admitted))

    def halted(self, reason: str) -> None:
        self.limit_reached = reason
        self._metrics.gauge(HALTED).set(1)
        self._log.error("reject limit reached, nothing more is received: fix the cause, then restart", reason=reason)

    def in_flight(self, lanes: int, size_bytes: int) -> None:
        self._metrics.gauge(LANES).set(lanes)
        self._metrics.gauge(BYTES).set(size_bytes)

    def completed(self, delivery: Delivery, held_seconds: float) -> None:
        if delivery.sent_at is not None:
            age_seconds = max(0.0, (self._clock.now() - delivery.sent_at).total_seconds())
            self._metrics.histogram(AGE).observe(age_seconds)
        self._metrics.histogram(IN_PROCESS).observe(held_seconds)

    def order_violated(self, delivery: Delivery) -> None:
        self._metrics.counter(VIOLATIONS).inc()
        self._log.error("order violated: sequence numbers fell within a submission", **_ids(delivery))

    def deleted(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._metrics.counter(DELETED).inc(len(deliveries))
            self._progress.add("deleted", len(deliveries))
            self._log.debug("deleted", submissions=len(deliveries))

    def not_deleted(self, failures: Sequence[EntryFailure]) -> None:
        self._metrics.counter(NOT_DELETED).inc(len(failures))
        for failure in failures:
            self._log.warning("not deleted, will come again", **_ids(failure.delivery), error_code=failure.error_code)

    def released(self, deliveries: Sequence[Delivery], reason: str) -> None:
        if deliveries:
            self._metrics.counter(RELEASED).labels(reason).inc(len(deliveries))
            self._log.info("released", submissions=len(deliveries), reason=reason)

    def lost(self, delivery: Delivery, error_code: str) -> None:
        self._metrics.counter(LOST).inc()
        self._log.warning(
            "visibility timeout ran out while held, may be done twice", **_ids(delivery), error_code=error_code
        )

    def broken(self, delivery: Delivery, error: Exception) -> None:
        """The traceback's text may hold payload, so only its places are logged."""
        self._log.error(
            "bug: our code failed on a message, which goes back to the queue",
            **_ids(delivery),
            receive_count=delivery.receive_count,
            error=type(error).__name__,
            places=places(error),
        )

    def queue_depth(self, visible: int, in_flight: int, delayed: int) -> None:
        """What the queue holds, polled."""
        gauge = self._metrics.gauge(QUEUE)
        for state, messages in (("visible", visible), ("in_flight", in_flight), ("delayed", delayed)):
            gauge.labels(state).set(messages)

    def limits(self, submissions: int, size_bytes: int, unfinished_seconds: float) -> None:
        """How much may be in hand, and for how long: what is in flight is judged against it."""
        self._metrics.gauge(SUBMISSIONS_LIMIT).set(submissions)
        self._metrics.gauge(BYTES_LIMIT).set(size_bytes)
        self._metrics.gauge(OLDEST_LIMIT).set(unfinished_seconds)

    def oldest_unfinished(self, seconds: Callable[[], float]) -> None:
        """The loop runs; the function, asked at each scrape, tells how long the oldest message has been in hand."""
        self._metrics.gauge(OLDEST).set_function(self._asked("oldest_unfinished", seconds))

    def lanes_paced(self, lanes: Callable[[], float]) -> None:
        """The function, asked at each scrape, tells how many lanes wait for room on their shard."""
        self._metrics.gauge(PACED).set_function(self._asked("lanes_paced", lanes))

    def _asked(self, fact: str, value: Callable[[], float]) -> Callable[[], float]:
        """A value for a scrape, which has all the other metrics to bring, too."""

        def ask() -> float:
            try:
                return value()
            except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this one metric
                self._untold.untold(fact, error)
                return nan

        return ask


def _ids(delivery: Delivery) -> dict[str, str | None]:
    return {"message_id": delivery.message_id, "submission_id": delivery.submission_id}
