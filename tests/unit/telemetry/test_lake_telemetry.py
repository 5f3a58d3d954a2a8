"""What delivery tells becomes metrics and lines, and the status page shows them, a stream at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from prometheus_client import CollectorRegistry

from event_processor.consuming.ports import ReadingObserver
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed
from event_processor.lake.ports import LakeObserver, LoadOutcome
from event_processor.status.health import Verdict
from event_processor.status.history import History
from event_processor.status.lake_health import CHARTED, lake_health
from event_processor.status.lake_page import lake_page
from event_processor.status.page import Process, render
from event_processor.telemetry.delivery_telemetry import BYTES, LOADED
from event_processor.telemetry.lake_telemetry import CATALOGUE, LakeTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.reading_telemetry import RETENTION, SHARDS
from event_processor.telemetry.threads import Threads
from event_processor.telemetry.untold_telemetry import UNTOLD
from event_processor.telling import facts
from event_processor.testing import ManualClock
from tests.unit.lake.test_names_and_entries import ENTRY
from tests.unit.telemetry.test_gateway_telemetry import reject

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SHARD = "shardId-000000000000"


def tell_everything(telemetry: LakeTelemetry) -> set[str]:
    """Each fact once, of the stream `people`; their names."""
    told = {
        "gathering": ("people", 10, 1000, 3),
        "logged": (replace(ENTRY, stream="people"), 2.0),
        "loaded": (replace(ENTRY, stream="people"), LoadOutcome(1, 1, 0), 3.0),
        "unplanned": ("people", "person", "/shoe_size", 2),
        "load_took": (4, 0.5),
        "to_load": ("people", 7),
        "swept": ("raw/people/x",),
        "broken": (RuntimeError("s3cret"),),
        "rejected": ([reject()],),
        "failing": ("read", CallFailed("get_records", "ReadTimeoutError", "slow")),
        "working": ("read",),
        "crashed": ("look", RuntimeError("s3cret")),
        "shards_seen": (2, 1, 86400.0),
        "measured": (12,),
        "uncounted": ("people", 3),
        "read": (SHARD, 10, 1000, 0.01),
        "lag": (SHARD, 1500),
        "throttled": (SHARD,),
        "gap": (SHARD, NOW - timedelta(days=1), NOW),
        "checkpointed": (SHARD, Position("7")),
        "ended": ("shardId-000000000009",),
    }
    for fact, details in told.items():
        getattr(telemetry.of("people"), fact)(*details)
    telemetry.observer.contracts_live(3, ["people"])
    telemetry.calls.called("get_records", 0.01)
    telemetry.calls.retried("get_records", "Throttling")
    return set(told)


@pytest.fixture
def metrics() -> Metrics:
    """Those of delivery."""
    return Metrics(CollectorRegistry(), CATALOGUE)


def test_every_fact_is_told(metrics: Metrics) -> None:
    """Each fact has somebody who hears it, none fails, and no payload gets into a line."""
    telemetry = LakeTelemetry(metrics, ManualClock(), ["people"])
    with structlog.testing.capture_logs() as lines:
        told = tell_everything(telemetry)

    assert told == set(facts(LakeObserver, ReadingObserver)) - {"halted", "shared"}, "neither can be"
    assert metrics.total(UNTOLD) == 0
    assert "s3cret" not in str(lines)
    assert metrics.by_one_label(LOADED, "outcome") == {"rows": 1, "repeats": 1, "conflicts": 0}
    assert metrics.by_one_label(BYTES, "kind") == {"raw": 10, "typed": 20}


def test_series_are_bounded(metrics: Metrics) -> None:
    """Labels are of streams, verdicts, codes and the like, which are known; a stream has its series from the start."""
    labels = {label for spec in CATALOGUE for label in spec.labels}

    known = {"stream", "verdict", "kind", "outcome", "reason", "operation", "error_code", "step", "fact", "state"}
    assert labels == known
    assert {spec.namespace for spec in CATALOGUE} == {"event_lake"}
    LakeTelemetry(metrics, ManualClock(), ["people"])
    assert str(list(metrics.registry.collect())).count("'stream': 'people'") >= 9


def test_streams_do_not_hide_each_other(metrics: Metrics) -> None:
    """Shards of two streams have the same names, and one stream may fail while the other is read."""
    telemetry = LakeTelemetry(metrics, ManualClock(), ["people", "orders"])
    for name, behind, retention in (("people", 10, 86400.0), ("orders", 90_000, 3600.0)):
        telemetry.of(name).lag(SHARD, behind)
        telemetry.of(name).shards_seen(2, 1, retention)
    health = lake_health(telemetry, ["people", "orders"], Threads(ManualClock()))
    health.started(lambda: 0.0)
    telemetry.of("orders").failing("read", CallFailed("get_records", "ReadTimeoutError", "slow"))
    telemetry.of("people").working("read")

    assert telemetry.reading.lags() == {f"orders/{SHARD}": 90_000, f"people/{SHARD}": 10}
    assert metrics.by_label(SHARDS) == {"reading": 4, "waiting": 2}
    assert metrics.total(RETENTION) == 3600
    assert health.ready().reasons == ["reading of orders fails: get_records: ReadTimeoutError: slow"]


def test_a_warehouse_that_is_down_leaves_it_ready(metrics: Metrics) -> None:
    """What is to be loaded is safe in the lake: to take the process out of service would help nobody."""
    telemetry = LakeTelemetry(metrics, ManualClock(), ["people"])
    health = lake_health(telemetry, ["people"], Threads(ManualClock()))
    health.started(lambda: 0.0)
    telemetry.observer.failing("load", CallFailed("load", "InUse", "somebody reads"))

    assert health.ready().ok


def test_the_page_shows_what_was_told(metrics: Metrics) -> None:
    """Of each stream its ranges, lag and last range, and the latest rejects, are on the page, without payload."""
    clock = ManualClock()
    telemetry = LakeTelemetry(metrics, clock, ["people", "orders"])
    tell_everything(telemetry)
    samples = [History(CHARTED, metrics, clock).read()]
    page = lake_page(["people", "orders"], "dir:lake", samples, telemetry)
    html = render(Process("1", "here", Verdict(True), Verdict(True), []), page)

    shown = {figure.name: figure.value for figure in page.figures}
    assert (shown["accepted"], shown["rejected"], shown["rows loaded"], shown["ranges to load"]) == ("2", "1", "1", "7")
    people, orders = page.tables[0].rows
    assert people[:4] == ("people", "1 ranges", "3 records", "1,500 ms behind")
    assert "shardId-000000000007 range 2, to 2026-01-02T03:59:59: 2 rows, 1 rejects" in people[4]
    assert orders[4] == "no range yet"
    assert "/age" in html
    assert "s3cret" not in html
