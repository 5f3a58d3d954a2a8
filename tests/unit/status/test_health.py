"""Alive, ready, and why not."""

import pytest
from prometheus_client import CollectorRegistry

from event_processor.errors import CallFailed
from event_processor.status.health import Health
from event_processor.status.submissions_health import submissions_health
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.testing import ManualClock

LIMIT_SECONDS = 600.0


@pytest.fixture
def clock() -> ManualClock:
    """Moved by hand."""
    return ManualClock()


@pytest.fixture
def telemetry(clock: ManualClock) -> RunTelemetry:
    """With nothing told yet."""
    return RunTelemetry(Metrics(CollectorRegistry(), CATALOGUE), clock)


@pytest.fixture
def health(telemetry: RunTelemetry) -> Health:
    """Of a process that just started."""
    return submissions_health(telemetry, LIMIT_SECONDS)


def test_starting(health: Health) -> None:
    """A process that is starting is alive and not ready."""
    assert health.live().ok
    assert health.ready().reasons == ["starting"]


def test_waiting(health: Health) -> None:
    """A process that waits for its queue is alive, not ready, and says what it waits for."""
    health.waiting_for("queue submissions")

    assert health.live().ok
    assert health.ready().reasons == ["waiting for queue submissions"]


def test_the_reject_limit(health: Health, telemetry: RunTelemetry) -> None:
    """A process that has reached its reject limit is alive, not ready, and says why, by its metric as well."""
    health.started(lambda: 0.0)
    telemetry.observer.halted("100 of 100")

    assert health.live().ok
    assert [reason for reason in health.ready().reasons if "100 of 100" in reason]
    assert telemetry.metrics.registry.get_sample_value("event_processor_reject_limit_reached") == 1


@pytest.mark.parametrize(("oldest_seconds", "ok"), [(0.0, True), (600.0, True), (600.5, False)])
def test_live(health: Health, oldest_seconds: float, ok: bool) -> None:
    """A submission that is unfinished for too long fails liveness: a restart may help."""
    health.started(lambda: oldest_seconds)

    assert health.live().ok is ok
    assert health.ready().ok


def test_live_says_why(health: Health) -> None:
    """A failing liveness says for how long, and what the limit is."""
    health.started(lambda: 725.0)

    assert health.live().reasons == ["a submission is unfinished for 725 s, over 600 s"]


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("receive", "receive"),
        ("put", "put"),
        ("store", "reject store"),
        ("queue", "queue"),
        ("stream", "stream"),
    ],
)
def test_not_ready(health: Health, telemetry: RunTelemetry, step: str, name: str) -> None:
    """While queue, stream or reject store fails it is alive, not ready, and says why; and ready again afterwards."""
    health.started(lambda: 0.0)
    telemetry.steps.failing(step, CallFailed(step, "EndpointConnectionError", "refused"))

    assert health.ready().reasons == [f"{name} fails: {step}: EndpointConnectionError: refused"]
    assert health.live().ok

    telemetry.steps.working(step)
    assert health.ready().ok


@pytest.mark.parametrize("step", ["queue", "stream"])
@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "AccessDeniedException",
        "KMSAccessDeniedException",
        "ThrottlingException",
        "RequestThrottled",
        "LimitExceededException",
        "TooManyRequestsException",
        "InternalFailure",
        "ServiceUnavailable",
    ],
)
def test_a_refused_question(health: Health, telemetry: RunTelemetry, step: str, code: str) -> None:
    """That AWS refuses to say how queue or stream are is a warning: nothing is known against the work itself."""
    health.started(lambda: 0.0)
    telemetry.steps.failing(step, CallFailed("read", code, "no"))

    assert health.ready().ok
    assert health.ready().reasons == []
    assert health.ready().warnings == [f"{step} fails: read: {code}: no"]

    telemetry.steps.working(step)
    assert health.ready().warnings == []


@pytest.mark.parametrize("step", ["queue", "stream"])
@pytest.mark.parametrize(
    "code", ["QueueDoesNotExist", "NonExistentQueue", "ResourceNotFoundException", "ResourceNotFound", "AUTO"]
)
def test_gone(health: Health, telemetry: RunTelemetry, step: str, code: str) -> None:
    """A queue or stream that is gone, or keeps no order any more, makes it not ready, busy or idle."""
    health.started(lambda: 0.0)
    for works in ("receive", "put"):
        telemetry.steps.working(works)
    telemetry.steps.failing(step, CallFailed("read", code, "gone"))

    assert health.ready().reasons == [f"{step} fails: read: {code}: gone"]
    assert health.ready().warnings == []


@pytest.mark.parametrize("code", ["CredentialsUnavailable", "EndpointConnectionError", "ExpiredToken", "NoRegionError"])
def test_idle_and_nothing_known(health: Health, telemetry: RunTelemetry, code: str) -> None:
    """A question that never reached AWS, or came with bad credentials, says that the work would fail just so."""
    health.started(lambda: 0.0)
    telemetry.steps.failing("stream", CallFailed("read", code, "no"))

    assert health.ready().reasons == [f"stream fails: read: {code}: no"]


@pytest.mark.parametrize(("step", "works"), [("queue", "receive"), ("stream", "put")])
def test_a_question_without_an_answer(
    health: Health, telemetry: RunTelemetry, clock: ManualClock, step: str, works: str
) -> None:
    """While the work goes on a lost question is a warning; once nothing shows that AWS is there, it is not ready."""
    health.started(lambda: 0.0)
    telemetry.steps.working(works)
    telemetry.steps.failing(step, CallFailed("read", "ReadTimeoutError", "silence"))
    assert (health.ready().ok, health.ready().warnings) == (True, [f"{step} fails: read: ReadTimeoutError: silence"])

    clock.advance(61)
    assert (health.ready().reasons, health.ready().warnings) == ([f"{step} fails: read: ReadTimeoutError: silence"], [])

    telemetry.steps.working(works)
    assert health.ready().ok


@pytest.mark.parametrize("step", ["delete", "extend", "release"])
def test_ready_all_the_same(health: Health, telemetry: RunTelemetry, step: str) -> None:
    """What fails without stopping the intake turns readiness off for nobody."""
    health.started(lambda: 0.0)
    telemetry.steps.failing(step, CallFailed(step, "InternalFailure", "again"))

    assert health.ready().ok


def test_stopping(health: Health) -> None:
    """A process that stops is not ready any more, and is not killed for it."""
    health.started(lambda: 0.0)
    health.stopping()

    assert health.ready().reasons == ["stopping"]
    assert health.live().ok
