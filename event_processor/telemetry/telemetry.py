"""The Observer of a running process: each fact becomes one log line and its metrics."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Final

import structlog

from event_processor.errors import CallFailed
from event_processor.publishing.answers import Refused
from event_processor.publishing.record import Record
from event_processor.rejects.reasons import Reason
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.ports import Clock
from event_processor.submissions.submission import EVENT_TYPES
from event_processor.telemetry import metrics as m
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.logs import places
from event_processor.telemetry.progress import Progress
from event_processor.telling import FACTS

_USUAL_REFUSALS: Final = ("ProvisionedThroughputExceededException", "InternalFailure")
LATEST_REJECTS: Final = 10
_RELEASE_REASONS: Final = ("failed", "stopping", "original_not_kept", "no_room")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A step that does not succeed at the moment."""

    since: float
    code: str
    text: str


class Telemetry:
    """See Observer for what each fact means."""

    def __init__(self, metrics: m.Metrics, clock: Clock) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics = metrics
        self._clock = clock
        self._progress = Progress(self._log, clock)
        self._lock = threading.Lock()
        self._troubles: dict[str, Trouble] = {}
        self._codes = ErrorCodes()
        self._worked_at: dict[str, float] = {}  # the last success of a step
        self._untold: set[str] = set()
        self.reject_limit_reached = ""  # why, once it is
        self._latest_rejects: deque[dict[str, Any]] = deque(maxlen=LATEST_REJECTS)
        self._published = {kind: metrics.counter(m.PUBLISHED).labels(kind) for kind in EVENT_TYPES}
        for reason in Reason:
            metrics.counter(m.REJECTS).labels(reason.value)
        for code in _USUAL_REFUSALS:
            metrics.counter(m.REFUSED).labels(code)
        for fact in FACTS:
            metrics.counter(m.UNTOLD).labels(fact)
        for why in _RELEASE_REASONS:
            metrics.counter(m.RELEASED).labels(why)

    @property
    def troubles(self) -> dict[str, Trouble]:
        """The steps that do not succeed now, by name."""
        with self._lock:
            return dict(self._troubles)

    def worked_within(self, step: str, seconds: float) -> bool:
        """Whether a step succeeded so recently."""
        return self._clock.monotonic() - self._worked_at.get(step, float("-inf")) <= seconds

    @property
    def latest_rejects(self) -> list[dict[str, Any]]:
        """The summaries of the last few rejects, the newest first; no payload."""
        return list(reversed(list(self._latest_rejects)))

    def received(self, deliveries: Sequence[Delivery], call_seconds: float) -> None:  # noqa: ARG002 - in CALLS already
        """See Observer."""
        self._metrics.counter(m.RECEIVED).inc(len(deliveries))
        self._progress.add("received", len(deliveries))
        self._log.debug("received", submissions=len(deliveries))

    def validated(self, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
        """See Observer."""
        self._metrics.counter(m.VALID).inc(sum(len(records) for _, records in admitted))

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """See Observer. The payload stays out of the log."""
        for reject in rejects:
            self._metrics.counter(m.REJECTS).labels(reject.reason.value).inc()
            self._log.warning("rejected", **reject.summary())
        self._latest_rejects.extend(reject.summary() for reject in rejects[-LATEST_REJECTS:])

    def wave(self, submissions: Sequence[Hashable], acknowledged: int, refused: int, call_seconds: float) -> None:  # noqa: ARG002 - told as published, refused and called, too
        """See Observer."""
        self._metrics.histogram(m.WAVES).observe(len(submissions))

    def published(self, records: Sequence[Record]) -> None:
        """See Observer."""
        if not records:
            return
        for event_type, events in Counter(record.event_type for record in records).items():
            self._published[event_type].inc(events)
        self._progress.add("published", len(records))
        if self._log.is_enabled_for(logging.DEBUG):
            for record in records:
                self._log.debug("published event", record=record.data.decode())

    def refused(self, refusals: Sequence[Refused]) -> None:
        """See Observer."""
        for code, records in Counter(refusal.error_code for refusal in refusals).items():
            self._metrics.counter(m.REFUSED).labels(self._codes.label(code)).inc(records)
            self._progress.add("refused", records)
            self._log.debug("refused, will be sent again", records=records, error_code=code)

    def completed(self, delivery: Delivery, held_seconds: float) -> None:
        """See Observer."""
        if delivery.sent_at is not None:
            age_seconds = max(0.0, (self._clock.now() - delivery.sent_at).total_seconds())
            self._metrics.histogram(m.AGE).observe(age_seconds)
        self._metrics.histogram(m.IN_PROCESS).observe(held_seconds)

    def order_violated(self, delivery: Delivery) -> None:
        """See Observer."""
        self._metrics.counter(m.VIOLATIONS).inc()
        self._log.error("order violated: sequence numbers fell within a submission", **_ids(delivery))

    def deleted(self, deliveries: Sequence[Delivery]) -> None:
        """See Observer."""
        if deliveries:
            self._metrics.counter(m.DELETED).inc(len(deliveries))
            self._progress.add("deleted", len(deliveries))
            self._log.debug("deleted", submissions=len(deliveries))

    def not_deleted(self, failures: Sequence[EntryFailure]) -> None:
        """See Observer."""
        self._metrics.counter(m.NOT_DELETED).inc(len(failures))
        for failure in failures:
            self._log.warning("not deleted, will come again", **_ids(failure.delivery), error_code=failure.error_code)

    def released(self, deliveries: Sequence[Delivery], reason: str) -> None:
        """See Observer."""
        if deliveries:
            self._metrics.counter(m.RELEASED).labels(reason).inc(len(deliveries))
            self._log.info("released", submissions=len(deliveries), reason=reason)

    def lost(self, delivery: Delivery, error_code: str) -> None:
        """See Observer."""
        self._metrics.counter(m.LOST).inc()
        self._log.warning(
            "visibility timeout ran out while held, may be done twice", **_ids(delivery), error_code=error_code
        )

    def broken(self, delivery: Delivery, error: Exception) -> None:
        """See Observer. The traceback's text may hold payload, so only its places are logged."""
        self._log.error(
            "bug: our code failed on a message, which goes back to the queue",
            **_ids(delivery),
            receive_count=delivery.receive_count,
            error=type(error).__name__,
            places=places(error),
        )

    def retried(self, operation: str, error_code: str) -> None:
        """See Observer."""
        self._metrics.counter(m.RETRIED).labels(operation, self._codes.label(error_code)).inc()
        self._log.debug("retried", operation=operation, error_code=error_code)

    def called(self, operation: str, seconds: float) -> None:
        """See Observer."""
        self._metrics.histogram(m.CALLS).labels(operation).observe(seconds)

    def failing(self, step: str, error: CallFailed) -> None:
        """See Observer. One line when it starts or changes, not one for every try."""
        self._metrics.counter(m.FAILED).labels(step, self._codes.label(error.code)).inc()
        with self._lock:
            before = self._troubles.get(step)
            if before is not None and before.code == error.code:
                return
            since = before.since if before else self._clock.monotonic()
            self._troubles[step] = Trouble(since, error.code, str(error))
        self._log.error("failing, will go on trying", step=step, error_code=error.code, detail=error.detail)

    def working(self, step: str) -> None:
        """See Observer."""
        self._worked_at[step] = self._clock.monotonic()
        if step not in self._troubles:
            return
        with self._lock:
            before = self._troubles.pop(step, None)
        if before is not None:
            self._log.info("working again", step=step, after_seconds=round(self._clock.monotonic() - before.since, 1))

    def in_flight(self, lanes: int, size_bytes: int) -> None:
        """See Observer."""
        self._metrics.gauge(m.LANES).set(lanes)
        self._metrics.gauge(m.BYTES).set(size_bytes)

    def halted(self, reason: str) -> None:
        """See Observer."""
        self.reject_limit_reached = reason
        self._metrics.gauge(m.HALTED).set(1)
        self._log.error("reject limit reached, nothing more is received: mend the cause, then restart", reason=reason)

    def untold(self, fact: str, error: Exception) -> None:
        """See Observer. One line for each fact, not one for every time."""
        self._metrics.counter(m.UNTOLD).labels(fact).inc()
        with self._lock:
            if fact in self._untold:
                return
            self._untold.add(fact)
        self._log.error("bug: could not tell", fact=fact, error=type(error).__name__, places=places(error))

    def crashed(self, step: str, error: BaseException) -> None:
        """See Observer."""
        self._log.critical("bug: stopping", step=step, error=type(error).__name__, places=places(error))

    def say_progress(self) -> None:
        """Log what was received, published, refused and deleted since the last line about it."""
        self._progress.say()

    def queue_depth(self, visible: int, in_flight: int, delayed: int) -> None:
        """What the queue holds, polled."""
        gauge = self._metrics.gauge(m.QUEUE)
        for state, messages in (("visible", visible), ("in_flight", in_flight), ("delayed", delayed)):
            gauge.labels(state).set(messages)

    def limits(self, submissions: int, size_bytes: int, unfinished_seconds: float) -> None:
        """How much may be in hand, and for how long: what is in flight is judged against it."""
        self._metrics.gauge(m.SUBMISSIONS_LIMIT).set(submissions)
        self._metrics.gauge(m.BYTES_LIMIT).set(size_bytes)
        self._metrics.gauge(m.OLDEST_LIMIT).set(unfinished_seconds)

    def oldest_unfinished(self, seconds: Callable[[], float]) -> None:
        """The loop runs; the function, asked at each scrape, tells how long the oldest message has been in hand."""
        self._metrics.gauge(m.OLDEST).set_function(self._asked("oldest_unfinished", seconds))

    def lanes_paced(self, lanes: Callable[[], float]) -> None:
        """The function, asked at each scrape, tells how many lanes wait for room on their shard."""
        self._metrics.gauge(m.PACED).set_function(self._asked("lanes_paced", lanes))

    def log_lines_dropped(self, count_by: Callable[[Callable[[int], None]], None]) -> None:
        """Count what the log drops; `count_by` is given what to call for it."""
        count_by(self._metrics.counter(m.LINES_DROPPED).inc)

    def _asked(self, fact: str, value: Callable[[], float]) -> Callable[[], float]:
        """A value for a scrape, which has all the other metrics to bring, too."""

        def ask() -> float:
            try:
                return value()
            except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this one metric
                self.untold(fact, error)
                return nan

        return ask


def _ids(delivery: Delivery) -> dict[str, str | None]:
    return {"message_id": delivery.message_id, "submission_id": delivery.submission_id}
