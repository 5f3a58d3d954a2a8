"""What the gateway tells becomes metrics and lines, and the status page shows them."""

from datetime import UTC, datetime

import pytest
import structlog
from prometheus_client import CollectorRegistry

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Refused
from event_processor.errors import CallFailed
from event_processor.gateway.ports import GatewayObserver
from event_processor.publishing.stream import Refused as NotStored
from event_processor.rejects.of_records import reject_of
from event_processor.status.gateway_health import CHARTED, gateway_health
from event_processor.status.gateway_page import gateway_page
from event_processor.status.health import Verdict
from event_processor.status.history import History
from event_processor.status.page import Process, render
from event_processor.telemetry.gateway_telemetry import CATALOGUE, GatewayTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.threads import Threads
from event_processor.telemetry.untold_telemetry import UNTOLD
from event_processor.telling import facts
from event_processor.testing import ManualClock
from event_processor.verdict import Fault, Reason, Stage

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def reject() -> object:
    """One of the door, with a payload that nobody may see."""
    refused = Refused(
        Stage.CONTRACT, (Fault(Reason.WRONG_TYPE, "/age", "expected an integer", found="s3cret"),), "people"
    )
    return reject_of(refused, "people", "door-1", StreamRecord("7", "k", NOW, b'{"age": "s3cret"}'), NOW, "door")


def tell_everything(telemetry: GatewayTelemetry) -> set[str]:
    """Each fact once; their names."""
    told = {
        "answered": ("people", 200, 0.01),
        "denied": ("shop", 429, "192.0.2.1"),
        "offered": ("people", 2, 1),
        "wave": (2,),
        "acknowledged": ("people", [0.01, 0.02]),
        "refused": ([NotStored("InternalFailure")],),
        "unfinished": ("people", 1),
        "order_violated": ("people",),
        "broken": (RuntimeError("s3cret"),),
        "rejected": ([reject()],),
        "failing": ("put", CallFailed("put", "ReadTimeoutError", "slow")),
        "working": ("put",),
        "crashed": ("carry", RuntimeError("s3cret")),
    }
    for fact, details in told.items():
        getattr(telemetry.observer, fact)(*details)
    telemetry.observer.contracts_live(3, ["people"])
    telemetry.calls.called("put", 0.01)
    telemetry.calls.retried("put", "Throttling")
    return set(told)


@pytest.fixture
def metrics() -> Metrics:
    """Those of the gateway."""
    return Metrics(CollectorRegistry(), CATALOGUE)


def test_every_fact_is_told(metrics: Metrics) -> None:
    """Each fact has somebody who hears it, none fails, and no payload gets into a line."""
    telemetry = GatewayTelemetry(metrics, ManualClock(), ["people"])
    with structlog.testing.capture_logs() as lines:
        told = tell_everything(telemetry)

    assert told == set(facts(GatewayObserver)) - {"halted"}, "nothing halts a gateway"
    assert metrics.total(UNTOLD) == 0
    assert "s3cret" not in str(lines)


def test_series_are_bounded(metrics: Metrics) -> None:
    """Labels are of streams, statuses, codes and the like, which are known; never of records or clients."""
    labels = {label for spec in CATALOGUE for label in spec.labels}

    assert labels == {"stream", "status", "verdict", "reason", "operation", "error_code", "step", "fact", "key"}
    assert {spec.namespace for spec in CATALOGUE} == {"event_gateway"}
    GatewayTelemetry(metrics, ManualClock(), ["people"])
    text = str(list(metrics.registry.collect()))
    assert text.count("'stream': 'people'") >= 5, "the series of a stream are there before its first record"


def test_the_page_shows_what_was_told(metrics: Metrics) -> None:
    """Requests by status, verdicts and the latest rejects are on the status page, without payload."""
    clock = ManualClock()
    telemetry = GatewayTelemetry(metrics, clock, ["people"])
    tell_everything(telemetry)
    samples = [History(CHARTED, metrics, clock).read()]
    page = gateway_page(10, 1000, samples, telemetry)
    html = render(Process("1", "here", Verdict(True), Verdict(True), []), page)

    shown = {figure.name: figure.value for figure in page.figures}
    assert (shown["accepted"], shown["rejected"], shown["acknowledged"], shown["unfinished"]) == ("2", "1", "2", "1")
    assert page.tables[0].rows == [("200", "1")]
    assert "/age" in html
    assert "s3cret" not in html


def test_readiness_is_about_putting_and_storing(metrics: Metrics) -> None:
    """A stream that cannot be put to takes the process out of service; contracts that cannot be read do not."""
    telemetry = GatewayTelemetry(metrics, ManualClock(), ["people"])
    health = gateway_health(telemetry, 10.0, Threads(ManualClock()))
    health.started(lambda: 0.0)
    telemetry.steps.working("put")
    telemetry.steps.failing("contracts", CallFailed("contracts", "EIO", "disk"))
    assert (health.ready().ok, len(health.ready().warnings)) == (True, 1)

    telemetry.steps.failing("put", CallFailed("put", "ReadTimeoutError", "slow"))
    assert not health.ready().ok
