"""What is on the monitor's dashboard: what is wrong, what is judged, how late, who is told, what goes wrong itself."""

from typing import Final

from event_processor.telemetry.monitor_telemetry import NAMESPACE
from event_processor.telemetry.monitoring_telemetry import (
    AGE,
    BROKEN,
    FINDINGS,
    INCIDENTS,
    LABELS,
    METRICS,
    MODEL,
    OPEN,
    OVER,
    QUIET,
    SAVED,
    SAVED_BYTES,
    SECONDS,
    SERIES,
    WARMING,
)
from event_processor.telemetry.reading_telemetry import (
    GAPS,
    LAG,
    READ,
    SHARED,
)
from event_processor.telemetry.reject_telemetry import REJECTS
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.job_panels import OfJob
from tools.dashboard.queries import largest, rate, replicas, total

QUIET_SECONDS: Final = 1800  # deploy/prometheus/alerts.yml has the same
of: Final = OfJob(NAMESPACE)
FIRST: Final = of(READ)
_WELL: Final = Row(
    "Health",
    Panel("Monitors", "Reached by Prometheus; one for each stream of metrics", Query(replicas(FIRST)), kind="stat"),
    Panel(
        "Since a metric was evaluated", QUIET.help, Query(largest(of(QUIET))), unit="s", kind="stat", line=QUIET_SECONDS
    ),
    Panel("Behind the tip", LAG.help, Query(largest(of(LAG))), unit="ms", kind="stat"),
    Panel("Gaps", GAPS.help, Query(largest(of(GAPS))), kind="stat", line=1),
    Panel("Broken", BROKEN.help, Query(largest(of(BROKEN))), kind="stat", line=1),
    Panel("Two readers", SHARED.help, Query(largest(of(SHARED))), kind="stat", line=1),
    Panel("Labels", LABELS.help, Query(largest(of(LABELS))), kind="stat"),
    Panel("Promoted model", MODEL.help, Query(largest(of(MODEL))), kind="stat"),
)
_FOUND: Final = Row(
    "What is wrong",
    Panel("Open incidents", OPEN.help, Query(total(of(OPEN), "severity"), "{{severity}}")),
    Panel("Incidents begun per second", INCIDENTS.help, Query(rate(of(INCIDENTS), "severity"), "{{severity}}")),
    Panel("Findings per second", FINDINGS.help, Query(rate(of(FINDINGS), "detector"), "{{detector}}")),
    Panel("Incidents over per second", OVER.help, Query(rate(of(OVER), "state"), "{{state}}")),
)
_JUDGED: Final = Row(
    "Metrics",
    Panel("Metrics per second", METRICS.help, Query(rate(of(METRICS), "outcome"), "{{outcome}}")),
    Panel(
        "Series",
        f"{SERIES.help}; warming up: {WARMING.help}",
        Query(total(of(SERIES)), "known"),
        Query(total(of(WARMING)), "warming up"),
    ),
    Panel("Rejects per second, by code", REJECTS.help, Query(rate(of(REJECTS), "reason"), "{{reason}}")),
)
_TIME: Final = Row(
    "How late",
    Panel("Evaluated after", AGE.help, *of.quantiles(AGE), unit="s"),
    Panel("Time of one evaluation", SECONDS.help, *of.quantiles(SECONDS), unit="s"),
    Panel("Time of storing", SAVED.help, *of.quantiles(SAVED), unit="s"),
    Panel("Bytes stored per second", SAVED_BYTES.help, Query(rate(of(SAVED_BYTES))), unit="Bps"),
    of.behind_the_tip(),
)
MONITOR_ROWS: Final = (_WELL, _FOUND, _JUDGED, of.reading(), _TIME, of.notices(), of.trouble())
