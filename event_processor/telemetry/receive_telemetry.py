"""Log lines and metrics of the queue and of what is received from it."""

from collections.abc import Sequence
from typing import ClassVar, Final

import structlog

from event_processor.publishing.record import Record
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.ports import ReceivingObserver
from event_processor.telemetry.metrics import Catalogue, CounterSpec, GaugeSpec, Metrics
from event_processor.telemetry.progress_line import ProgressLine

RECEIVED: Final = CounterSpec("submissions_received_total", "Messages received from the queue, repeats included")
VALID: Final = CounterSpec("events_valid_total", "Events found valid, to be published")
QUEUE: Final = GaugeSpec("queue_messages", "Messages on the queue, as SQS estimates them", ("state",))


class ReceiveTelemetry(ReceivingObserver):
    """See ReceivingObserver."""

    METRICS: ClassVar[Catalogue] = (QUEUE, RECEIVED, VALID)

    def __init__(self, metrics: Metrics, progress: ProgressLine) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics, self._progress = metrics, progress

    def received(self, deliveries: Sequence[Delivery], call_seconds: float) -> None:  # noqa: ARG002 - in CALLS already
        """See ReceivingObserver."""
        self._metrics.counter(RECEIVED).inc(len(deliveries))
        self._progress.add("received", len(deliveries))
        self._log.debug("received", submissions=len(deliveries))

    def validated(self, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
        """See ReceivingObserver."""
        self._metrics.counter(VALID).inc(sum(len(records) for _, records in admitted))

    def queue_depth(self, visible: int, in_flight: int, delayed: int) -> None:
        """What the queue holds, polled."""
        gauge = self._metrics.gauge(QUEUE)
        for state, messages in (("visible", visible), ("in_flight", in_flight), ("delayed", delayed)):
            gauge.labels(state).set(messages)
