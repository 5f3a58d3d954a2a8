"""What is on the overview's dashboard: of each job, from door to table, what goes through it, what waits, how late."""

from typing import Final

from event_processor.telemetry import (
    delivery_telemetry,
    door_telemetry,
    gateway_telemetry,
    inspection_telemetry,
    inspector_telemetry,
    lake_telemetry,
    monitor_telemetry,
    monitoring_telemetry,
    submission_telemetry,
)
from event_processor.telemetry.door_telemetry import IN_HAND
from event_processor.telemetry.metrics import NAMESPACE, CounterSpec
from event_processor.telemetry.monitoring_telemetry import OPEN
from event_processor.telemetry.notice_telemetry import NOT_SENT, SENT
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED
from event_processor.telemetry.reading_telemetry import GAPS, LAG, READ
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.submission_telemetry import QUEUE
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.job_panels import OfJob
from tools.dashboard.queries import largest, rate, total

_run, _gateway = OfJob(NAMESPACE), OfJob(gateway_telemetry.NAMESPACE)
_inspect, _deliver = OfJob(inspector_telemetry.NAMESPACE), OfJob(lake_telemetry.NAMESPACE)
_monitor = OfJob(monitor_telemetry.NAMESPACE)


def _must_be_0(title: str, spec: CounterSpec) -> Panel:
    return Panel(title, spec.help, Query(largest(spec)), kind="stat", line=1)


def _flow(title: str, **specs: CounterSpec) -> Panel:
    queries = (Query(rate(spec), name.replace("_", " ")) for name, spec in specs.items())
    return Panel(title, "From left to right in the picture of docs/pipeline.md", *queries)


OVERVIEW_ROWS: Final = (
    Row(
        "What must be 0",
        _must_be_0("run: order violations", _run(submission_telemetry.VIOLATIONS)),
        _must_be_0("gateway: order violations", _gateway(door_telemetry.VIOLATIONS)),
        _must_be_0("inspect: gaps", _inspect(GAPS)),
        _must_be_0("deliver: gaps", _deliver(GAPS)),
        _must_be_0("inspect: messages not accepted", _inspect(NOT_SENT)),
        _must_be_0("monitor: messages not accepted", _monitor(NOT_SENT)),
    ),
    Row(
        "run: SQS to stream",
        _flow(
            "run: a second",
            submissions=_run(submission_telemetry.RECEIVED),
            events=_run(PUBLISHED),
            rejects=_run(REJECTS),
            refused_and_sent_again=_run(REFUSED),
        ),
        Panel("run: queue", QUEUE.help, Query(largest(_run(QUEUE), "state"), "{{state}}")),
        Panel("run: age", submission_telemetry.AGE.help, *_run.quantiles(submission_telemetry.AGE), unit="s"),
    ),
    Row(
        "gateway: HTTP to streams",
        _flow(
            "gateway: a second",
            requests=_gateway(door_telemetry.REQUESTS),
            records=_gateway(door_telemetry.ACKNOWLEDGED),
            rejects=_gateway(REJECTS),
            refused_and_sent_again=_gateway(REFUSED),
        ),
        Panel("gateway: in hand", IN_HAND.help, Query(total(_gateway(IN_HAND)), "records")),
        Panel("gateway: age", door_telemetry.AGE.help, *_gateway.quantiles(door_telemetry.AGE), unit="s"),
    ),
    Row(
        "inspect: stream to notices",
        _flow("inspect: a second", records=_inspect(READ), rejects=_inspect(REJECTS), notices=_inspect(SENT)),
        Panel("inspect: behind the tip", LAG.help, Query(largest(_inspect(LAG)), "lag"), unit="ms"),
        Panel("inspect: age", inspection_telemetry.AGE.help, *_inspect.quantiles(inspection_telemetry.AGE), unit="s"),
    ),
    Row(
        "deliver: streams to lake and tables",
        _flow(
            "deliver: a second",
            records=_deliver(delivery_telemetry.RECORDS),
            rows=_deliver(delivery_telemetry.LOADED),
            rejects=_deliver(REJECTS),
        ),
        Panel("deliver: behind the tip", LAG.help, Query(largest(_deliver(LAG)), "lag"), unit="ms"),
        Panel(
            "deliver: age in the table",
            delivery_telemetry.FRESHNESS.help,
            *_deliver.quantiles(delivery_telemetry.FRESHNESS),
            unit="s",
        ),
    ),
    Row(
        "monitor: metrics to notices",
        _flow("monitor: a second", metrics=_monitor(READ), findings=_monitor(monitoring_telemetry.FINDINGS)),
        Panel("monitor: open incidents", OPEN.help, Query(total(_monitor(OPEN), "severity"), "{{severity}}")),
        Panel("monitor: age", monitoring_telemetry.AGE.help, *_monitor.quantiles(monitoring_telemetry.AGE), unit="s"),
    ),
)  # fmt: skip
