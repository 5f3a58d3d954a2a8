"""What is told about the work never hurts the work, and what is told at its end is true."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from prometheus_client import CollectorRegistry, generate_latest

from event_processor.aws.calls import Calls
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.submissions.delivery import Delivery, EntryFailure
from event_processor.submissions.ports import Observer
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.telemetry.tracing import Tracing
from event_processor.telling import CallObserver, FanOut, facts
from event_processor.testing import MemoryQueue, MemoryRejects, MemoryStream, RecordingObserver
from tests.eventually import eventually
from tests.integration.rig import Fleet, Gate, running
from tests.integration.test_processor import queue_of


class Raising(RecordingObserver):
    """Raises whatever it is told, and remembers only that it could not tell."""

    def _tell(self, name: str, *details: Any) -> None:
        if name != "untold":
            raise RuntimeError(name)
        super()._tell(name, *details)


def test_an_observer_that_raises() -> None:
    """With an observer that fails on every fact all the work is done, and a stop is clean."""
    fleet, stream, rejects, observer = Fleet(100, invalid_share=0.4), MemoryStream(), MemoryRejects(), Raising()
    queue = queue_of(fleet)
    with running(queue, stream, rejects, observer=observer) as work:
        eventually(lambda: not len(queue))
        assert work.stop().is_clean

    assert fleet.judge(stream).passed
    assert {fact for fact, _ in observer.of("untold")} >= {"received", "validated", "wave", "published", "deleted"}


def test_calls_with_an_observer_that_raises() -> None:
    """A call is made and tried again though nobody can be told of it."""
    answers = iter([[1], []])

    assert Calls(Raising()).make("put", lambda: next(answers), unfinished=bool) == []


def test_a_failure_in_between() -> None:
    """An observer beside one that fails still hears of everything: spans end though a metric is broken."""
    failing, other = Raising(), RecordingObserver()
    both, told = FanOut(failing, other), set(facts(Observer, CallObserver)) - {"untold"}
    for fact in told:
        getattr(both, fact)()

    assert {fact for fact, _ in failing.of("untold")} == {fact for fact, _ in other.of("untold")} == told
    assert {fact.name for fact in other.facts} == told | {"untold"}


class Faulty(SpanProcessor):
    """Fails wherever it is asked; `hangs`, its shutdown does not come back either."""

    def __init__(self, hangs: bool) -> None:
        self._hangs = hangs

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        """When a span begins."""
        raise RuntimeError

    def on_end(self, span: ReadableSpan) -> None:  # noqa: ARG002
        """When a span ends."""
        raise RuntimeError

    def shutdown(self) -> None:
        """In the end."""
        if self._hangs:
            threading.Event().wait(60)
        raise RuntimeError


@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "raises"])
def test_traces_that_fail(hangs: bool) -> None:
    """Where no span can be made or sent, all the work is done and told, and the end does not wait for it."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Faulty(hangs))
    fleet, stream, observer = Fleet(50), MemoryStream(), RecordingObserver()
    queue = queue_of(fleet)
    tracing: list[Tracing] = []

    def around(observer: RecordingObserver) -> FanOut:
        tracing.append(Tracing(provider, "submissions", "events", observer))
        return FanOut(observer, tracing[0])

    with running(queue, stream, observer=observer, around=around) as work:
        eventually(lambda: not len(queue))
        assert work.stop().is_clean
    closing = threading.Thread(target=tracing[0].close)
    closing.start()
    closing.join(30)

    assert not closing.is_alive()
    assert fleet.judge(stream).passed
    assert sum(len(deliveries) for (deliveries,) in observer.of("deleted")) == 50
    assert observer.of("untold")


def test_not_even_that_can_be_told() -> None:
    """An observer that fails on telling of its failure hurts nobody either."""

    class Hopeless(RecordingObserver):
        def _tell(self, name: str, *_: Any) -> None:
            raise RuntimeError(name)

    FanOut(Hopeless()).working("put")


def test_a_failure_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Each fact that cannot be told is one log line, however often, and a count in the metrics."""
    registry = CollectorRegistry()
    telemetry = RunTelemetry(Metrics(registry, CATALOGUE), SystemClock())
    for _ in range(3):
        telemetry.untold.untold("wave", KeyError("payload"))
    telemetry.untold.untold("deleted", KeyError("payload"))

    out = capsys.readouterr().out
    assert out.count("bug: could not tell") == 2
    assert "payload" not in out
    assert registry.get_sample_value("event_processor_facts_untold_total", {"fact": "wave"}) == 3


def test_a_value_that_cannot_be_read() -> None:
    """A metric whose value fails to come costs its own line, and not the scrape of all the others."""
    registry = CollectorRegistry()
    telemetry = RunTelemetry(Metrics(registry, CATALOGUE), SystemClock())

    def fail() -> float:
        raise RuntimeError

    telemetry.submissions.oldest_unfinished(fail)
    telemetry.submissions.lanes_paced(lambda: 3.0)

    page = generate_latest(registry).decode()
    assert "event_processor_oldest_unfinished_seconds NaN" in page
    assert "event_processor_lanes_paced 3.0" in page
    assert registry.get_sample_value("event_processor_facts_untold_total", {"fact": "oldest_unfinished"}) == 2


def test_a_bug_stops_before_it_is_told() -> None:
    """When a thread of the work ends by a bug, the process stops even if telling of it takes for ever."""
    hanging, asked = threading.Event(), threading.Event()

    class Hanging(RecordingObserver):
        def crashed(self, step: str, error: BaseException) -> None:  # noqa: ARG002
            asked.set()
            hanging.wait(60)

    class Broken(MemoryStream):
        def put(self, records: Any) -> Any:  # noqa: ARG002
            raise KeyError("a bug")

    queue = queue_of(Fleet(3))
    with running(queue, Broken(), observer=Hanging()) as work:
        outcome = work.outcome()
        assert asked.is_set()
        hanging.set()

    assert outcome.crashed
    assert not outcome.is_clean


# -- the last line -----------------------------------------------------------------------------------------------------


class Odd(MemoryQueue):
    """A queue that answers as it should until a test says otherwise."""

    releasing: Callable[[Sequence[tuple[Delivery, int]]], list[EntryFailure]] | None = None
    receiving: Callable[[], list[Delivery]] | None = None

    def change_visibility(self, timeouts: Sequence[tuple[Delivery, int]]) -> list[EntryFailure]:
        """See Source."""
        is_release = all(seconds == 0 for _, seconds in timeouts)
        return self.releasing(timeouts) if self.releasing and is_release else super().change_visibility(timeouts)

    def receive(self) -> list[Delivery]:
        """See Source."""
        return self.receiving() if self.receiving else super().receive()


def raising(error: Exception) -> Callable[..., Any]:
    """What raises it, whatever it is called with."""

    def call(*_: Any) -> Any:
        raise error

    return call


@pytest.mark.parametrize(
    "release",
    [
        raising(TypeError("'NoneType' object is not iterable")),
        raising(CallFailed("change_visibility", "InternalError", "no", may_be_done=False)),
        lambda timeouts: [EntryFailure(delivery, "InternalError", gone=False) for delivery, _ in timeouts],
        lambda _: threading.Event().wait(60),
    ],
    ids=["a bug", "refused", "each entry failed", "hangs"],
)
def test_unreleased_is_what_was_not_given_back(release: Callable[..., Any]) -> None:
    """However a release goes wrong, the last line counts all messages that stay hidden, and the stop is not clean."""
    queue = Odd(SystemClock())
    for body in Fleet(30).bodies:
        queue.send(body)
    gate = Gate(MemoryStream())
    with running(queue, gate, grace_seconds=1) as work:
        eventually(lambda: queue.hidden == 30)
        queue.releasing = release
        outcome = work.stop()
        gate.open()

    assert outcome.unreleased == queue.hidden == 30
    assert outcome.released == 0
    assert not outcome.is_clean


@pytest.mark.parametrize(
    ("error", "receives"),
    [
        (KeyError("MessageId"), 1),
        (CallFailed("receive", "ReadTimeoutError", "no answer"), 1),
        (CallFailed("receive", "AccessDenied", "no", may_be_done=False), 0),
    ],
    ids=["unreadable", "lost", "refused"],
)
def test_a_receive_without_an_answer(error: Exception, receives: int) -> None:
    """Messages that a receive may have taken with it into the dark are told of, as many as they can be."""
    queue, asked = Odd(SystemClock()), threading.Event()

    def lose() -> list[Delivery]:
        if not asked.is_set():
            asked.set()
            raise error
        return []

    queue.receiving = lose
    with running(queue, MemoryStream(), receivers=1, receive_batch=7) as work:
        assert asked.wait(60)
        outcome = work.stop()

    assert outcome.perhaps_hidden == receives * 7
    assert outcome.is_clean == (receives == 0)


def test_a_receive_that_hangs() -> None:
    """A receive that is still open when time is up may have messages: the last line says so."""
    queue, over, asked = Odd(SystemClock()), threading.Event(), threading.Event()

    def hang() -> list[Delivery]:
        asked.set()
        over.wait(60)
        return []

    queue.receiving = hang
    with running(queue, MemoryStream(), receivers=1, receive_batch=7, grace_seconds=0.5) as work:
        assert asked.wait(60)
        outcome = work.stop()
        over.set()

    assert outcome.perhaps_hidden == 7
    assert not outcome.is_clean


def test_what_was_lost_long_ago_is_visible_again() -> None:
    """An answer that was lost before the last visibility timeout is nobody's business any more at the end."""
    calls: list[None] = []
    queue = Odd(SystemClock())

    def lose_once() -> list[Delivery]:
        calls.append(None)
        if len(calls) == 1:
            raise CallFailed("receive", "ReadTimeoutError", "no answer")
        return []

    queue.receiving = lose_once
    with running(queue, MemoryStream(), receivers=1, visibility_seconds=2) as work:
        eventually(lambda: len(calls) > 25)  # one each 0.1 s, after a second of rest
        assert work.stop().is_clean
