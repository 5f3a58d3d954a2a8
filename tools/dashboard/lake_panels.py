"""What is on the lake's dashboard: is it well, what comes in, how late, the warehouse, what goes wrong."""

from typing import Final

from event_processor.telemetry.contract_telemetry import CONTRACTS, CONTRACTS_AGE, EPOCH
from event_processor.telemetry.delivery_telemetry import (
    AGE,
    BROKEN,
    BYTES,
    FRESHNESS,
    LOAD_SECONDS,
    LOADED,
    MEASURED,
    RANGES,
    RECORDS,
    SWEPT,
    TO_LOAD,
    UNCOUNTED,
    UNJUDGED,
    UNPLANNED,
    WAITING,
)
from event_processor.telemetry.lake_telemetry import NAMESPACE
from event_processor.telemetry.reading_telemetry import (
    CHECKPOINTS,
    GAPS,
    LAG,
    READ,
)
from event_processor.telemetry.reject_telemetry import REJECTS
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.job_panels import CPU, MEMORY, OfJob
from tools.dashboard.queries import largest, observed, quantile, rate, replicas, total

LATE_SECONDS: Final = 300  # deploy/prometheus/alerts.yml has the same
of: Final = OfJob(NAMESPACE)
FIRST: Final = of(READ)
_WELL: Final = Row(
    "Health",
    Panel("Deliveries", "Reached by Prometheus; one for each lake", Query(replicas(FIRST)), kind="stat"),
    Panel("Behind the tip", LAG.help, Query(largest(of(LAG))), unit="ms", kind="stat"),
    Panel("In the lake after, p99", AGE.help, Query(quantile(0.99, of(AGE))), unit="s", kind="stat", line=LATE_SECONDS),
    Panel(
        "In the table after, p99",
        FRESHNESS.help,
        Query(quantile(0.99, of(FRESHNESS))),
        unit="s",
        kind="stat",
        line=LATE_SECONDS,
    ),
    Panel("Ranges to load, all", TO_LOAD.help, Query(total(of(TO_LOAD))), kind="stat"),
    Panel("Gaps", GAPS.help, Query(largest(of(GAPS))), kind="stat", line=1),
    Panel("Since contracts were read", CONTRACTS_AGE.help, Query(largest(of(CONTRACTS_AGE))), unit="s", kind="stat"),
    Panel("Broken", BROKEN.help, Query(largest(of(BROKEN))), kind="stat", line=1),
)
_READING: Final = of.reading(checkpoints=False)
_LAKE: Final = Row(
    "Into the lake",
    Panel("Records per second, by stream", RECORDS.help, Query(rate(of(RECORDS), "stream"), "{{stream}}")),
    Panel("Records per second, by verdict", RECORDS.help, Query(rate(of(RECORDS), "verdict"), "{{verdict}}")),
    Panel("Rejects per second, by code", REJECTS.help, Query(rate(of(REJECTS), "reason"), "{{reason}}")),
    Panel("Bytes per second, by kind of file", BYTES.help, Query(rate(of(BYTES), "kind"), "{{kind}}"), unit="Bps"),
    Panel(
        "Ranges per second",
        RANGES.help,
        Query(rate(of(RANGES), "stream"), "{{stream}}"),
        Query(rate(of(CHECKPOINTS)), "checkpoints written"),
    ),
)
_TIME: Final = Row(
    "How late",
    Panel("In the lake after", AGE.help, *of.quantiles(AGE), unit="s", line=LATE_SECONDS),
    Panel("In the table after", FRESHNESS.help, *of.quantiles(FRESHNESS), unit="s", line=LATE_SECONDS),
    of.behind_the_tip(),
    Panel("Bytes that wait for others", WAITING.help, Query(total(of(WAITING), "stream"), "{{stream}}"), unit="bytes"),
    Panel("Records without a verdict", UNJUDGED.help, Query(total(of(UNJUDGED), "stream"), "{{stream}}")),
)
_WAREHOUSE: Final = Row(
    "Into the warehouse",
    Panel("Rows per second", LOADED.help, Query(rate(of(LOADED), "outcome"), "{{outcome}}")),
    Panel("Ranges to load, by stream", TO_LOAD.help, Query(total(of(TO_LOAD), "stream"), "{{stream}}")),
    Panel("Time of a load", LOAD_SECONDS.help, *of.quantiles(LOAD_SECONDS), unit="s"),
    Panel("Loads per second", LOAD_SECONDS.help, Query(observed(of(LOAD_SECONDS)), "loads")),
)
_CONTRACTS: Final = Row(
    "Contracts",
    Panel("Contracts", CONTRACTS.help, Query(largest(of(CONTRACTS)), "subjects")),
    Panel("Epoch", EPOCH.help, Query(largest(of(EPOCH)))),
    Panel(
        "Fields that no contract names, per second", UNPLANNED.help, Query(rate(of(UNPLANNED), "stream"), "{{stream}}")
    ),
)
_TROUBLE: Final = Row(
    "What goes wrong",
    of.given_up(),
    of.retries(),
    of.call_time(),
    Panel("Metrics sent per second", MEASURED.help, Query(rate(of(MEASURED)))),
    Panel("Records in no metric, per second", UNCOUNTED.help, Query(rate(of(UNCOUNTED), "stream"), "{{stream}}")),
    Panel("Files swept per second", SWEPT.help, Query(rate(of(SWEPT)))),
    of.not_told(),
    CPU,
    MEMORY,
)

LAKE_ROWS: Final = (_WELL, _READING, _LAKE, _TIME, _WAREHOUSE, _CONTRACTS, _TROUBLE)
