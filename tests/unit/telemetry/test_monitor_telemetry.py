"""What the monitor tells becomes metrics and lines, and the status page shows them; labels of metrics are bounded."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest

from event_processor.consuming.ports import ReadingObserver
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed, NotSent
from event_processor.monitoring.given import Given
from event_processor.monitoring.ports import MonitorObserver, Taken
from event_processor.notices.notice import Message
from event_processor.notices.ports import NoticeObserver
from event_processor.status.health import Verdict
from event_processor.status.history import History
from event_processor.status.monitor_health import CHARTED
from event_processor.status.monitor_page import monitor_page
from event_processor.status.page import Process, render
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.monitor_telemetry import CATALOGUE, MonitorTelemetry
from event_processor.telemetry.monitoring_telemetry import FINDINGS, METRICS
from event_processor.telling import facts
from event_processor.testing import ManualClock
from tests.monitors import WRONG, Scene, metric, ruled
from tests.unit.telemetry.test_gateway_telemetry import reject

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SHARD = "shardId-000000000000"


def tell_everything(telemetry: MonitorTelemetry) -> set[str]:
    """Each fact once; their names."""
    incident = _scene(1).monitor.evaluator.tracked["orders/n0"].incidents.all[0]
    message = Message(())
    telemetry.notices.expect(["slack"])
    told = {
        "took": (Taken.EVALUATED, 0.0001, 1.5),
        "found": (incident.first, True),
        "over": (incident,),
        "tracking": (12, 3, 1, 2),
        "saved": (2, 5000, 0.2),
        "took_up": (4, 2, "f" * 64),
        "broken": (RuntimeError("s3cret"),),
        "rejected": ([reject()],),
        "failing": ("save", CallFailed("put_object", "SlowDown", "slow")),
        "working": ("read",),
        "crashed": ("look", RuntimeError("s3cret")),
        "shards_seen": (2, 1, 86400.0),
        "read": (SHARD, 10, 1000, 0.01),
        "lag": (SHARD, 1500),
        "throttled": (SHARD,),
        "gap": (SHARD, NOW - timedelta(days=1), NOW),
        "checkpointed": (SHARD, Position("7")),
        "shared": (SHARD,),
        "ended": ("shardId-000000000009",),
        "notified": ("slack", message),
        "not_notified": ("slack", message, NotSent("slack", "500", "no")),
        "notices_left": ("slack", 3),
        "called": ("read", 0.1),
        "retried": ("read", "SlowDown"),
    }
    for fact, details in told.items():
        getattr(telemetry.observer, fact)(*details)
    return set(told)


def _scene(series: int) -> Scene:
    """A monitor that has found something in each of so many series."""
    with pytest.MonkeyPatch.context() as patch:
        ruled()(patch)
        scene = Scene(most_series=series + 1)
        scene.minute(0, *(metric(0, WRONG, name=f"n{number}") for number in range(series)))
        scene.settle()
    return scene


def test_every_fact_is_a_metric_or_a_line() -> None:
    """Nothing that the monitor tells is lost on the way, and no exception's text gets out."""
    registry = CollectorRegistry()
    with structlog.testing.capture_logs() as lines:
        telemetry = MonitorTelemetry(Metrics(registry, CATALOGUE), ManualClock())
        told = tell_everything(telemetry)
        telemetry.observer.took_up(4, 2, "f" * 64)

    assert [line["labels"] for line in lines if line["event"] == "labels, snoozes or model changed"] == [4]
    wanted = set(facts(MonitorObserver, ReadingObserver, NoticeObserver)) - {"halted"}
    assert wanted <= told
    exposition = generate_latest(registry).decode()
    assert "event_monitor_facts_untold_total{" not in "".join(
        line for line in exposition.splitlines() if not line.endswith(" 0.0")
    )
    for line in (
        'event_monitor_metrics_total{outcome="evaluated"} 1.0',
        'event_monitor_findings_total{detector="baseline"} 1.0',
        'event_monitor_incidents_open{severity="critical"} 1.0',
        "event_monitor_series_warming 3.0",
        "event_monitor_labels_version 4.0",
        "event_monitor_model_promoted 1.0",
    ):
        assert line in exposition
    assert "s3cret" not in str(lines) + exposition


def test_ten_thousand_series_are_no_more_series_of_metrics() -> None:
    """Whatever senders call their metrics, what Prometheus gets stays as small."""
    registry = CollectorRegistry()
    telemetry = MonitorTelemetry(Metrics(registry, CATALOGUE), ManualClock())
    before = len(generate_latest(registry).splitlines())
    for tracked in _scene(300).monitor.evaluator.tracked.values():
        for incident in tracked.incidents.all:
            telemetry.observer.found(incident.first, True)
            telemetry.observer.over(incident)
    assert len(generate_latest(registry).splitlines()) <= before + 2
    assert telemetry.untold is not None


def test_the_page_shows_each_metric() -> None:
    """A line for each metric with value, band and state, what is wrong first; names of senders are text."""
    metrics, clock = Metrics(CollectorRegistry(), CATALOGUE), ManualClock()
    telemetry = MonitorTelemetry(metrics, clock)
    tell_everything(telemetry)
    scene = _scene(3)
    scene.minute(1, metric(1, 7.0, name="<i>nulls"))
    tracked = scene.monitor.evaluator.tracked
    history = History(CHARTED, metrics, clock)
    page = monitor_page("quality-metrics", tracked, Given(), history.samples(), telemetry)
    html = render(Process("1", "replica", Verdict(True), Verdict(True), []), page)

    assert page.watch is not None
    lines = page.watch.lines
    assert [line.name for line in lines] == ["orders/n0", "orders/n1", "orders/n2", "orders/%3Ci%3Enulls"]
    assert lines[0].value == "1,000"
    assert lines[0].state == "warning: baseline"
    assert lines[-1].state.startswith("warming up, 0 of")
    assert "<i>nulls" not in html
    assert metrics.by_one_label(METRICS, "outcome")["evaluated"] == 1
    assert metrics.total(FINDINGS) == 1
