"""What is on the inspector's dashboard: is it well, verdicts, how far behind, who is told, what goes wrong."""

from typing import Final

from event_processor.telemetry.contract_telemetry import CONTRACTS, CONTRACTS_AGE, EPOCH
from event_processor.telemetry.inspection_telemetry import (
    AGE,
    BROKEN,
    HELD,
    NOT_KEPT,
    VERDICTS,
)
from event_processor.telemetry.inspector_telemetry import NAMESPACE
from event_processor.telemetry.reading_telemetry import (
    GAPS,
    LAG,
    READ,
    RETENTION,
    SHARED,
)
from event_processor.telemetry.reject_telemetry import REJECTS
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.job_panels import OfJob
from tools.dashboard.queries import largest, quantile, rate, replicas, total

of: Final = OfJob(NAMESPACE)
FIRST: Final = of(READ)
_WELL: Final = Row(
    "Health",
    Panel("Inspectors", "Reached by Prometheus; one for each stream", Query(replicas(FIRST)), kind="stat"),
    Panel("Behind the tip", LAG.help, Query(largest(of(LAG))), unit="ms", kind="stat"),
    Panel("Rejects held", HELD.help, Query(total(of(HELD))), kind="stat"),
    Panel("Since contracts were read", CONTRACTS_AGE.help, Query(largest(of(CONTRACTS_AGE))), unit="s", kind="stat"),
    Panel("Gaps", GAPS.help, Query(largest(of(GAPS))), kind="stat", line=1),
    Panel("Records not kept", NOT_KEPT.help, Query(largest(of(NOT_KEPT))), kind="stat", line=1),
    Panel("Two readers", SHARED.help, Query(largest(of(SHARED))), kind="stat", line=1),
)
_VERDICTS: Final = Row(
    "Verdicts",
    Panel("Verdicts per second", VERDICTS.help, Query(rate(of(VERDICTS), "verdict"), "{{verdict}}")),
    Panel(
        "Rejected per second, by subject",
        VERDICTS.help,
        Query(rate(of(VERDICTS), "subject", verdict="rejected"), "{{subject}}"),
    ),
    Panel("Rejects per second, by code", REJECTS.help, Query(rate(of(REJECTS), "reason"), "{{reason}}")),
    Panel("Broken per second", BROKEN.help, Query(rate(of(BROKEN)))),
)
_TIME: Final = Row(
    "Lag",
    Panel("Behind the tip, by inspector", LAG.help, Query(largest(of(LAG), "instance"), "{{instance}}"), unit="ms"),
    Panel("Retention", RETENTION.help, Query(largest(of(RETENTION))), unit="s"),
    Panel(
        "Age at the verdict",
        AGE.help,
        Query(quantile(0.5, of(AGE)), "p50"),
        Query(quantile(0.99, of(AGE)), "p99"),
        unit="s",
    ),
    Panel("Contracts", CONTRACTS.help, Query(largest(of(CONTRACTS)), "subjects")),
    Panel("Epoch", EPOCH.help, Query(largest(of(EPOCH)))),
)
INSPECTOR_ROWS: Final = (_WELL, _VERDICTS, of.reading(), _TIME, of.notices(), of.trouble())
