"""The figures of other jobs, read from what they show Prometheus."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from event_processor.status.job_figures import JobFigures, figures_of
from event_processor.telemetry import (
    delivery_telemetry,
    door_telemetry,
    gateway_telemetry,
    inspection_telemetry,
    inspector_telemetry,
    lake_telemetry,
    monitor_telemetry,
    monitoring_telemetry,
    run_telemetry,
    submission_telemetry,
)
from event_processor.telemetry.metrics import Catalogue, Metrics
from event_processor.telemetry.notice_telemetry import NOT_SENT, SENT
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED
from event_processor.telemetry.reading_telemetry import GAPS, LAG, READ
from event_processor.telemetry.reject_telemetry import REJECTS


class Scene:
    """The metrics of one job."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._registry = CollectorRegistry()
        self.metrics = Metrics(self._registry, catalogue)

    def figures(self) -> JobFigures:
        """As they are read."""
        found = figures_of(generate_latest(self._registry).decode())
        assert found
        return found


def test_of_run() -> None:
    """Submissions taken, events passed on, rejects, refusals, the backlog, and the ages."""
    scene = Scene(run_telemetry.CATALOGUE)
    scene.metrics.counter(submission_telemetry.RECEIVED).inc(10)
    scene.metrics.counter(PUBLISHED).labels("new_process").inc(30)
    scene.metrics.counter(PUBLISHED).labels("network_connection").inc(40)
    scene.metrics.counter(REJECTS).labels("empty").inc(2)
    scene.metrics.counter(REFUSED).labels("other").inc(7)
    scene.metrics.gauge(submission_telemetry.QUEUE).labels("visible").set(5)
    scene.metrics.gauge(submission_telemetry.QUEUE).labels("in_flight").set(9)
    scene.metrics.histogram(submission_telemetry.AGE).observe(0.05)
    found = scene.figures()

    assert (found.job, found.taken, found.passed, found.rejected, found.refused) == ("run", 10, 70, 2, 7)
    assert (found.waiting, found.alarms) == ("5 queued", ())
    assert found.ages["from the queue onto the stream"] == pytest.approx((0.0375, 0.04975))


def test_of_the_gateway() -> None:
    """Records of all streams, by verdict and acknowledgement; a broken order is an alarm."""
    scene = Scene(gateway_telemetry.CATALOGUE)
    for stream in ("a", "b"):
        scene.metrics.counter(door_telemetry.VERDICTS).labels(stream, "accepted").inc(20)
        scene.metrics.counter(door_telemetry.VERDICTS).labels(stream, "rejected").inc(1)
        scene.metrics.counter(door_telemetry.ACKNOWLEDGED).labels(stream).inc(19)
    scene.metrics.counter(door_telemetry.VIOLATIONS).inc()
    scene.metrics.gauge(door_telemetry.IN_HAND).set(3)
    found = scene.figures()

    assert (found.job, found.taken, found.passed, found.rejected) == ("gateway", 42, 38, 2)
    assert (found.waiting, found.alarms, found.ages) == ("3 in hand", ("1 order violations",), {})


def test_of_the_inspector() -> None:
    """Verdicts, the lag and the messages; gaps and messages that were not accepted are alarms."""
    scene = Scene(inspector_telemetry.CATALOGUE)
    for subject in ("a", "b"):
        scene.metrics.counter(inspection_telemetry.VERDICTS).labels("s", subject, "accepted").inc(4)
        scene.metrics.counter(inspection_telemetry.VERDICTS).labels("s", subject, "rejected").inc(1)
    scene.metrics.counter(READ).inc(10)
    scene.metrics.gauge(LAG).set(1200)
    scene.metrics.counter(GAPS).inc()
    scene.metrics.counter(SENT).labels("slack").inc(6)
    scene.metrics.counter(NOT_SENT).labels("slack").inc(2)
    found = scene.figures()

    assert (found.job, found.taken, found.passed, found.rejected, found.notices) == ("inspect", 10, 8, 2, 6)
    assert (found.waiting, found.alarms) == ("1,200 ms behind", ("1 gaps", "2 messages not accepted"))


def test_of_delivery() -> None:
    """Records in the lake, rows in the table, and what is to load, which matters more than the lag."""
    scene = Scene(lake_telemetry.CATALOGUE)
    scene.metrics.counter(READ).inc(12)
    scene.metrics.counter(delivery_telemetry.RECORDS).labels("s", "accepted").inc(9)
    scene.metrics.counter(delivery_telemetry.RECORDS).labels("s", "rejected").inc(1)
    scene.metrics.counter(delivery_telemetry.LOADED).labels("s", "rows").inc(8)
    scene.metrics.counter(delivery_telemetry.LOADED).labels("s", "repeats").inc(1)
    before = scene.figures()
    scene.metrics.gauge(delivery_telemetry.TO_LOAD).labels("s").set(2)

    assert (before.job, before.taken, before.passed, before.rejected, before.loaded) == ("deliver", 12, 9, 1, 8)
    assert (before.waiting, scene.figures().waiting) == ("0 ms behind", "2 to load")


def test_of_the_monitor() -> None:
    """Metrics read, findings, what was malformed, and messages; metrics on which our code failed are an alarm."""
    scene = Scene(monitor_telemetry.CATALOGUE)
    scene.metrics.counter(READ).inc(20)
    scene.metrics.counter(monitoring_telemetry.METRICS).labels("evaluated").inc(17)
    scene.metrics.counter(monitoring_telemetry.METRICS).labels("malformed").inc(3)
    scene.metrics.counter(monitoring_telemetry.FINDINGS).labels("guard").inc(2)
    scene.metrics.counter(monitoring_telemetry.BROKEN).inc()
    scene.metrics.counter(SENT).labels("slack").inc(4)
    found = scene.figures()

    assert (found.job, found.taken, found.passed, found.rejected, found.notices) == ("monitor", 20, 2, 3, 4)
    assert (found.waiting, found.alarms) == ("0 ms behind", ("1 broken metrics",))


def test_of_anything_else() -> None:
    """What is not a page of metrics of ours has no figures."""
    assert figures_of("<html>404</html>") is None
    assert figures_of("# TYPE event_horizon_total counter\nevent_horizon_total 1\n") is None
