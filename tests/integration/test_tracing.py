"""The spans of a real processor between an in-memory queue and an in-memory stream, as an exporter gets them."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.publishing.stream import Answer, Record, Shard
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.ports import InvocationObserver, Observer
from event_processor.telemetry.tracing import Tracing
from event_processor.telling import CallObserver, FanOut, facts
from event_processor.testing import MemoryQueue, MemoryStream, RecordingObserver
from tests.eventually import eventually
from tests.integration.rig import running
from tests.system.processes import command
from tests.unit import samples
from tests.unit.telemetry.test_telemetry import tell_everything

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"
CANARY = "CANARY-7f3a"


class Traces:
    """Where the spans end up."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._tracing: Tracing | None = None
        self.provider = TracerProvider(sampler=ParentBased(ALWAYS_ON))

    def around(self, observer: RecordingObserver) -> FanOut:
        """A traced observer."""
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._tracing = Tracing(self.provider, "submissions", "events", observer)
        return FanOut(observer, self._tracing)

    def close(self) -> None:
        """What the process does in the end."""
        assert self._tracing is not None
        self._tracing.close()

    def of(self, operation: str) -> list[ReadableSpan]:
        """The spans of one operation, in the order in which they ended."""
        return [span for span in self._exporter.get_finished_spans() if span.name.split()[0] == operation]

    def await_processed(self, count: int) -> list[ReadableSpan]:
        """The spans of so many submissions, when they have ended."""
        eventually(lambda: len(self.of("process")) >= count, f"{count} spans of submissions")
        return self.of("process")


class FromTraced(MemoryQueue):
    """Its senders are traced."""

    def __init__(self, *contexts: str | None) -> None:
        super().__init__(SystemClock())
        self._contexts: Iterator[str | None] = iter(contexts)

    def receive(self) -> list[Delivery]:
        """See Source."""
        return [replace(delivery, trace_parent=next(self._contexts)) for delivery in super().receive()]


class NeverAnswers:
    """A stream from which no answer comes, once; then it is another."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream, self._asked = stream, 0

    def put(self, records: Sequence[Record]) -> Sequence[Answer]:
        """See Sink."""
        self._asked += 1
        if self._asked == 1:
            raise CallFailed("put", "ReadTimeoutError", "no answer")
        return self._stream.put(records)

    def shards(self) -> list[Shard]:
        """See Sink."""
        return self._stream.shards()


@pytest.fixture
def traces() -> Traces:
    """Of this test alone."""
    return Traces()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """Its attributes."""
    return dict(span.attributes or {})


def span_ids(span: ReadableSpan) -> list[int]:
    """Whom it links to."""
    return [link.context.span_id for link in span.links]


def context(span: ReadableSpan) -> SpanContext:
    """Its trace and span id."""
    found = span.get_span_context()
    assert found is not None
    return found


def own_id(span: ReadableSpan) -> int:
    """Its own id."""
    return context(span).span_id


def test_a_submission_joins_its_senders_trace(traces: Traces) -> None:
    """The span of a submission is the child of the sender's, tells both ids, and links to its receive and its waves."""
    queue = FromTraced(SAMPLED)
    with running(queue, MemoryStream(), around=traces.around):
        message_id = queue.send(samples.body())
        [span] = traces.await_processed(1)

    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert span.kind == SpanKind.CONSUMER
    assert attributes(span) == {
        "messaging.system": "aws_sqs",
        "messaging.operation.type": "process",
        "messaging.destination.name": "submissions",
        "messaging.message.id": message_id,
        "event_processor.receive_count": 1,
        "event_processor.submission_id": samples.SUBMISSION_ID,
        "event_processor.events": 2,
        "event_processor.outcome": "deleted",
    }
    assert span.status.status_code == StatusCode.UNSET
    assert span_ids(span) == [own_id(other) for other in [*traces.of("receive"), *traces.of("send")]]
    assert len(traces.of("send")) == 2
    assert [event.name for event in span.events] == ["all events acknowledged"]


def test_receives_and_waves_stand_alone(traces: Traces) -> None:
    """Receive and wave carry many submissions: each is its own trace, as long as its call, and says what it did."""
    queue = FromTraced(SAMPLED)
    with running(queue, MemoryStream(), around=traces.around) as run:
        queue.send(samples.body())
        traces.await_processed(1)
        [(_, call_seconds)] = run.observer.of("received")

    [receive] = traces.of("receive")
    wave = traces.of("send")[0]
    assert receive.parent is None
    assert wave.parent is None
    assert len({context(receive).trace_id, context(wave).trace_id, int(TRACE, 16)}) == 3
    assert receive.start_time is not None
    assert receive.end_time is not None
    assert (receive.end_time - receive.start_time) / 1e9 == pytest.approx(call_seconds, abs=0.05)
    assert attributes(receive)["messaging.batch.message_count"] == 1
    assert attributes(wave)["messaging.batch.message_count"] == attributes(wave)["event_processor.acknowledged"] == 1


def test_a_submission_without_context_starts_a_trace(traces: Traces) -> None:
    """A sender that is not traced does not hide a submission."""
    queue = FromTraced(None)
    with running(queue, MemoryStream(), around=traces.around):
        queue.send(samples.body())
        [span] = traces.await_processed(1)

    assert span.parent is None


def test_the_sender_decides_what_is_sampled(traces: Traces) -> None:
    """A submission whose sender did not sample it has no span; the one beside it has."""
    queue = FromTraced(UNSAMPLED, SAMPLED)
    with running(queue, MemoryStream(), around=traces.around) as run:
        queue.send(samples.body())
        queue.send(samples.body())
        eventually(lambda: sum(len(deleted) for (deleted,) in run.observer.of("deleted")) == 2)

    assert len(traces.of("process")) == 1


def test_nothing_is_sampled(traces: Traces) -> None:
    """With the sampler off the work is done and no span is made."""
    traces.provider.sampler = ALWAYS_OFF
    queue, stream = FromTraced(SAMPLED), MemoryStream()
    with running(queue, stream, around=traces.around) as run:
        queue.send(samples.body())
        eventually(lambda: run.observer.of("deleted"))

    assert len(stream.stored) == 2
    assert [traces.of(operation) for operation in ("receive", "process", "send")] == [[], [], []]


def test_a_reject_is_no_error(traces: Traces) -> None:
    """A reject is a verdict: the span names the reason, without the payload, and is not an error."""
    queue = FromTraced(SAMPLED)
    with running(queue, MemoryStream(), around=traces.around):
        queue.send(samples.body(events={"new_process": [{"cmdl": [CANARY]}]}))
        [span] = traces.await_processed(1)

    [event] = span.events
    assert (event.name, dict(event.attributes or {})["reason"]) == ("rejected", "wrong_type")
    assert attributes(span)["event_processor.submission_id"] == samples.SUBMISSION_ID
    assert attributes(span)["event_processor.outcome"] == "deleted"
    assert span.status.status_code == StatusCode.UNSET


def test_a_wave_without_answer_is_an_error(traces: Traces) -> None:
    """A call to which no answer came is marked; the submission, which went again, links to both waves and is well."""
    queue = FromTraced(SAMPLED)
    with running(queue, NeverAnswers(MemoryStream()), around=traces.around):
        queue.send(samples.body(events={"new_process": [samples.process()]}))
        [span] = traces.await_processed(1)

    assert [wave.status.status_code for wave in traces.of("send")] == [StatusCode.ERROR, StatusCode.UNSET]
    assert span_ids(span)[1:] == [own_id(wave) for wave in traces.of("send")]
    assert span.status.status_code == StatusCode.UNSET


@pytest.mark.parametrize(
    ("tell", "outcome", "status"),
    [
        (lambda observer, message: observer.deleted([message]), "deleted", StatusCode.UNSET),
        (lambda observer, message: observer.released([message], "stopping"), "released, stopping", StatusCode.UNSET),
        (lambda observer, message: observer.lost(message, "Gone"), "lost", StatusCode.ERROR),
        (lambda observer, message: observer.broken(message, KeyError(CANARY)), "failed", StatusCode.ERROR),
        (
            lambda observer, message: observer.not_deleted([EntryFailure(message, "Internal", gone=False)]),
            "not deleted",
            StatusCode.ERROR,
        ),
    ],
)
def test_every_end_ends_the_span(traces: Traces, tell: Any, outcome: str, status: StatusCode) -> None:
    """However a submission leaves our hands, its span ends, once, and says how; what should not happen is an error."""
    observer, message = traces.around(RecordingObserver()), samples.delivery("x")
    observer.received([message], 0.1)
    tell(observer, message)
    traces.close()

    [span] = traces.of("process")
    assert attributes(span)["event_processor.outcome"] == outcome
    assert span.status.status_code == status
    assert CANARY not in span.to_json()


def test_an_order_violation_is_an_error(traces: Traces) -> None:
    """What must never happen is found among the errors, though the submission is done."""
    observer, message = traces.around(RecordingObserver()), samples.delivery("x")
    observer.received([message], 0.1)
    observer.order_violated(message)
    observer.deleted([message])

    [span] = traces.of("process")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "order violated")


def test_a_message_that_comes_twice_is_one_span(traces: Traces) -> None:
    """A message that came again while we still had it is one span, and whatever is open in the end is ended."""
    observer, message = traces.around(RecordingObserver()), samples.delivery("x")
    observer.received([message], 0.1)
    observer.received([message], 0.1)
    traces.close()

    [span] = traces.of("process")
    assert [event.name for event in span.events] == ["received again"]
    assert attributes(span)["event_processor.outcome"] == "unfinished"


def test_everything_is_passed_on(traces: Traces) -> None:
    """Logs and metrics hear of everything, traced or not; and no payload gets into a span."""
    plain, traced = RecordingObserver(), RecordingObserver()
    tell_everything(plain, CANARY)
    tell_everything(traces.around(traced), CANARY)
    traces.close()

    assert [fact.name for fact in traced.facts] == [fact.name for fact in plain.facts]
    assert {fact.name for fact in traced.facts} == set(facts(Observer, CallObserver))
    spans = [*traces.of("receive"), *traces.of("process"), *traces.of("send")]
    assert len(spans) == 3
    assert not any(CANARY in span.to_json() for span in spans)


def test_all_that_is_traced_is_told() -> None:
    """Spans are made of facts that somebody tells, with just what is told: a fact renamed would end them unseen."""
    heard = {name: inspect.signature(hear) for name, hear in vars(Tracing).items() if not name.startswith("_")}
    del heard["close"], heard["flush"]  # by who started it

    told = {name: getattr(kind, name) for kind in (Observer, InvocationObserver) for name in facts(kind)}
    assert heard == {name: inspect.signature(told[name]) for name in heard}


@pytest.mark.parametrize(
    ("variable", "said"),
    [("OTEL_BSP_SCHEDULE_DELAY", "must be positive"), ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "non-negative integer")],
)
def test_a_variable_that_opentelemetry_refuses(variable: str, said: str) -> None:
    """It is a wrong setting like any other: one line, exit code 2."""
    collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", variable: "-1"}
    done = command("event_processor", "run", AWS_ENDPOINT_URL="http://127.0.0.1:9", METRICS_PORT="0", **collector)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
