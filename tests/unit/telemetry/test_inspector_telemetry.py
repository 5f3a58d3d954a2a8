"""Log lines and metrics of the inspector: every fact is told, without payload, and no label grows with what comes."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from event_processor.consuming.ports import ReadingObserver
from event_processor.consuming.records import Position
from event_processor.contracts.contract_set import ContractSet
from event_processor.errors import CallFailed, NotSent
from event_processor.inspection.ports import InspectionObserver
from event_processor.notices.notice import Entry, Kind, Message, Notice, State
from event_processor.notices.ports import NoticeObserver
from event_processor.status.history import History
from event_processor.status.inspection_health import CHARTED, inspection_health
from event_processor.status.inspection_page import inspection_page
from event_processor.status.page import Process, render
from event_processor.telemetry.inspector_telemetry import CATALOGUE, InspectorTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.reading_telemetry import LAG
from event_processor.telemetry.threads import Threads
from event_processor.telling import CallObserver, facts
from event_processor.testing import ManualClock
from tests.inspecting import Scene, contract, page

THEN = datetime(2026, 1, 2, tzinfo=UTC)
CANARY = "CANARY-9c1f"
LIVE = ContractSet(7, THEN, {})


def tell_all(telemetry: InspectorTelemetry, canary: str = CANARY) -> None:
    """Every fact there is, with the canary wherever a payload may stand."""
    scene = Scene([page(age=canary, plan=canary), canary.encode()], contract("page/Home"))
    scene.turn(2, seconds=2)
    observer: Any = telemetry.observer
    telemetry.notices.expect(["slack"])
    telemetry.contracts.watch(lambda: LIVE)
    observer.rejected(scene.stored)
    observer.judged({"page/Home": 3}, 0.1)
    observer.refused({"page/Home": 1, "unknown": 1})
    observer.originals_not_kept(scene.stored)
    observer.holding(1, 1)
    observer.contracts_live(7, ["page/Home"])
    observer.shards_seen(2, 1, 86400.0)
    observer.read("shard-0", 5, 500, 0.1)
    observer.lag("shard-0", 120)
    observer.throttled("shard-0")
    observer.gap("shard-0", None, THEN)
    observer.checkpointed("shard-0", Position("1"))
    observer.shared("shard-0")
    observer.ended("shard-1")
    notice = Notice(Kind.REJECT, "page/Home", "/age", "wrong_type", canary)
    message = Message((Entry(notice, State.NEW, 3, 3, THEN, THEN),))
    observer.not_notified("slack", message, NotSent("slack", "500", "down"))
    observer.notified("slack", message)
    observer.notices_left("slack", 2)
    observer.called("read", 0.1)
    observer.retried("read", "Throttling")
    observer.failing("store", CallFailed("store", "ENOSPC", "full"))
    observer.working("store")
    try:
        raise KeyError(canary)
    except KeyError as error:
        observer.broken(error)
        observer.crashed("read", error)
        observer.untold("judged", error)


@pytest.fixture
def registry() -> CollectorRegistry:
    """Of one process."""
    return CollectorRegistry()


@pytest.fixture
def telemetry(registry: CollectorRegistry) -> InspectorTelemetry:
    """With nothing told yet."""
    return InspectorTelemetry(Metrics(registry, CATALOGUE), ManualClock(), "segment")


def test_every_fact_is_heard(telemetry: InspectorTelemetry, registry: CollectorRegistry) -> None:
    """Whatever the parts of an inspector tell is heard by somebody, and none of its lines or metrics has payload."""
    told = set(facts(InspectionObserver, ReadingObserver, NoticeObserver, CallObserver)) - {"halted"}
    roles: list[object] = telemetry.observer._observers
    assert [fact for fact in told if not any(hasattr(role, fact) for role in roles)] == []

    with capture_logs() as lines:
        tell_all(telemetry)
    assert CANARY not in str(lines)
    assert CANARY not in generate_latest(registry).decode()
    assert len(lines) > 15


def test_no_role_fails_on_a_fact(telemetry: InspectorTelemetry) -> None:
    """Whatever is told, each role that hears of it can make something of it."""
    with capture_logs() as lines:
        tell_all(telemetry)
    untold = [line["fact"] for line in lines if line["event"] == "bug: could not tell"]

    assert set(untold) <= {"judged", "halted"}  # told as such above, and nothing that a reader of streams tells


def test_names_and_labels(registry: CollectorRegistry, telemetry: InspectorTelemetry) -> None:
    """All metrics have the inspector's prefix, and labels are of a closed kind: no shard, device or record."""
    tell_all(telemetry)
    text = generate_latest(registry).decode()

    assert {
        name for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE) if not name.startswith("event_inspector_")
    } == set()
    assert {label for spec in CATALOGUE for label in spec.labels} == {
        *("stream", "subject", "verdict", "reason", "state", "channel", "operation", "step", "error_code", "fact"),
    }
    assert "shard-0" not in text


def test_the_lag_of_a_shard_that_is_not_read_grows(registry: CollectorRegistry) -> None:
    """A shard that cannot be read gets further behind, second by second, though nobody tells how far."""
    clock = ManualClock()
    telemetry = InspectorTelemetry(metrics := Metrics(registry, CATALOGUE), clock, "segment")
    telemetry.reading.lag("shard-0", 100)
    telemetry.reading.lag("shard-1", 50)
    assert metrics.total(LAG) == 100

    clock.advance(60)
    telemetry.reading.lag("shard-1", 50)
    assert metrics.total(LAG) == 60_100
    assert list(telemetry.reading.lags()) == ["shard-0", "shard-1"]
    telemetry.reading.ended("shard-0")
    assert metrics.total(LAG) == 50


def test_the_page(registry: CollectorRegistry) -> None:
    """It shows its stream, verdicts, lag, contracts, channels and latest rejects with what was expected; no payload."""
    metrics = Metrics(registry, CATALOGUE)
    telemetry = InspectorTelemetry(metrics, ManualClock(), "segment")
    history = History(CHARTED, metrics, ManualClock())
    tell_all(telemetry)
    health = inspection_health(telemetry, Threads(ManualClock()))
    shown = inspection_page("segment", history.samples(), telemetry)
    html = render(Process("1", "replica", health.live(), health.ready(), [("NAME", "value", "default")]), shown)

    assert CANARY not in html
    assert "<span>inspect segment, replica, version 1</span>" in html
    assert "<code>/age</code>" in html
    assert "expected an integer" in html or "expected integer" in html
    assert "120 ms" in html
    assert "<td>slack</td><td>working</td>" in html
    assert "subject page/Home" in html
    assert re.search(r"<td>page/Home</td><td>/plan</td><td>not_in_enum</td><td>1</td>", html)
