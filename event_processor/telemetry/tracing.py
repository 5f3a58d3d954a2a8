"""Spans of OpenTelemetry: one for each receive, each wave and each submission (docs/tracing.md).

OpenTelemetry is an extra. This is the only module that imports it, and is imported only when tracing is on.
"""

import contextlib
import threading
from collections.abc import Hashable, Sequence
from socket import gethostname
from time import time_ns
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from event_processor import __version__
from event_processor.publishing.stream import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.telling import UntoldObserver

_CLOSE_SECONDS: Final = 2.0  # a collector that hangs must not keep the process beyond its grace period
_RECEIVE: Final = {"messaging.system": "aws_sqs", "messaging.operation.type": "receive"}
_PROCESS: Final = {"messaging.system": "aws_sqs", "messaging.operation.type": "process"}
_SEND: Final = {"messaging.system": "aws_kinesis", "messaging.operation.type": "send"}


def exporting() -> TracerProvider:
    """Exports to where the standard OTEL_ variables say, from a thread of its own; what cannot be sent is dropped."""
    ours = {"service.name": "event-processor", "service.version": __version__, "service.instance.id": gethostname()}
    provider = TracerProvider(
        resource=Resource.create().merge(Resource(ours)).merge(OTELResourceDetector().detect()), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Tracing:
    """An observer of those facts that it makes spans of. No payload gets into them.

    A submission's span is open from its receive until it is out of our hands, and is kept only if it is sampled.
    """

    def __init__(self, provider: TracerProvider, queue_name: str, stream_name: str, untold: UntoldObserver) -> None:
        self._provider, self._untold = provider, untold
        self._tracer = provider.get_tracer("event_processor", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._queue_name, self._stream_name = queue_name, stream_name
        self._open: dict[Hashable, Span] = {}  # by message id

    def received(self, deliveries: Sequence[Delivery], call_seconds: float) -> None:
        """A message that came while we still had it stays one span."""
        receive = self._call("receive", self._queue_name, SpanKind.CLIENT, call_seconds)
        receive.set_attributes({**_RECEIVE, "messaging.batch.message_count": len(deliveries)})
        receive.end()
        for delivery in deliveries:
            held = self._open.get(delivery.message_id)
            if held is None:
                self._start(delivery, receive)
            else:
                held.add_event("received again")

    def validated(self, admitted: Sequence[tuple[Delivery, Sequence[Record]]]) -> None:
        for delivery, records in admitted:
            span = self._open.get(delivery.message_id)
            if span is None or not records:
                continue
            span.set_attribute("event_processor.submission_id", str(records[0].submission_id))
            span.set_attribute("event_processor.events", len(records))

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """A reject is a verdict, not an error: the span says so with an event."""
        for reject in rejects:
            span = self._open.get(reject.origin.id)
            if span is None:
                continue
            if reject.submission_id is not None:
                span.set_attribute("event_processor.submission_id", reject.submission_id)
            span.add_event("rejected", {"reason": reject.reason.value, "reject_id": reject.reject_id})

    def wave(self, submissions: Sequence[Hashable], acknowledged: int, refused: int, call_seconds: float) -> None:
        """The submissions link to their waves, so that from each one sees the other."""
        span = self._call("send", self._stream_name, SpanKind.PRODUCER, call_seconds)
        span.set_attributes({**_SEND, "messaging.batch.message_count": len(submissions)})
        span.set_attributes({"event_processor.acknowledged": acknowledged, "event_processor.refused": refused})
        if acknowledged + refused < len(submissions):
            span.set_status(Status(StatusCode.ERROR, "no answer"))
        span.end()
        if not span.get_span_context().trace_flags.sampled:
            return
        for message_id in submissions:
            held = self._open.get(message_id)
            if held is not None:
                held.add_link(span.get_span_context())

    def completed(self, delivery: Delivery, held_seconds: float) -> None:  # noqa: ARG002 - the span has its own times
        span = self._open.get(delivery.message_id)
        if span is not None:
            span.add_event("all events acknowledged")

    def order_violated(self, delivery: Delivery) -> None:
        span = self._open.get(delivery.message_id)
        if span is not None:
            span.set_status(Status(StatusCode.ERROR, "order violated"))

    def deleted(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._end(delivery.message_id, "deleted")

    def not_deleted(self, failures: Sequence[EntryFailure]) -> None:
        for failure in failures:
            self._end(failure.delivery.message_id, "not deleted", failure.error_code)

    def released(self, deliveries: Sequence[Delivery], reason: str) -> None:
        for delivery in deliveries:
            self._end(delivery.message_id, f"released, {reason}")

    def lost(self, delivery: Delivery, error_code: str) -> None:
        self._end(delivery.message_id, "lost", error_code)

    def broken(self, delivery: Delivery, error: Exception) -> None:
        """The exception's text may hold payload, so it stays out."""
        self._end(delivery.message_id, "failed", type(error).__name__)

    def answered(self, finished: Sequence[str], unfinished: Sequence[str]) -> None:
        for message_id in finished:
            self._end(message_id, "finished")
        for message_id in unfinished:
            self._end(message_id, "unfinished")

    def flush(self, seconds: float) -> None:
        """Send what was not sent yet; wait for that so long at most."""
        flushing = threading.Thread(target=self._provider.force_flush, name="tracing", daemon=True)
        flushing.start()
        flushing.join(max(0.0, seconds))

    def close(self) -> None:
        """End what is still open and send what was not sent yet, within two seconds."""
        for message_id in list(self._open):
            with contextlib.suppress(Exception):  # a span that cannot be ended keeps no other from it
                self._end(message_id, "unfinished")
        closing = threading.Thread(target=self._shutdown, name="tracing", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def _shutdown(self) -> None:
        try:
            self._provider.shutdown()
        except Exception as error:  # noqa: BLE001 - traces are lost, which is all
            self._untold.untold("close", error)

    def _call(self, operation: str, name: str, kind: SpanKind, seconds: float) -> Span:
        """A call that just ended, in a trace of its own: what it carried belongs to many traces."""
        start = time_ns() - int(seconds * 1e9)
        attributes = {"messaging.destination.name": name}
        return self._tracer.start_span(f"{operation} {name}", Context(), kind, attributes, start_time=start)

    def _start(self, delivery: Delivery, receive: Span) -> None:
        parent = self._propagator.extract({"traceparent": delivery.trace_parent or ""}, Context())
        span = self._tracer.start_span(
            f"process {self._queue_name}",
            parent,
            SpanKind.CONSUMER,
            {
                **_PROCESS,
                "messaging.destination.name": self._queue_name,
                "messaging.message.id": delivery.message_id,
                "event_processor.receive_count": delivery.receive_count,
            },
            [Link(receive.get_span_context())],
        )
        if span.is_recording():
            self._open[delivery.message_id] = span

    def _end(self, message_id: Hashable, outcome: str, error: str | None = None) -> None:
        span = self._open.pop(message_id, None)
        if span is None:
            return
        span.set_attribute("event_processor.outcome", outcome)
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, f"{outcome}: {error}"))
        span.end()
