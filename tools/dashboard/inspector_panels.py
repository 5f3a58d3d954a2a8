"""What is on the inspector's dashboard: is it well, verdicts, how far behind, who is told, what goes wrong."""

from dataclasses import replace
from typing import Final, TypeVar

from event_processor.telemetry.call_telemetry import CALLS, FAILED, RETRIED
from event_processor.telemetry.inspection_telemetry import (
    AGE,
    BROKEN,
    CONTRACTS,
    CONTRACTS_AGE,
    EPOCH,
    HELD,
    NOT_KEPT,
    VERDICTS,
)
from event_processor.telemetry.inspector_telemetry import NAMESPACE
from event_processor.telemetry.metrics import Spec
from event_processor.telemetry.notice_telemetry import NOT_SENT, SENT, SUPPRESSED
from event_processor.telemetry.reading_telemetry import (
    CHECKPOINTS,
    GAPS,
    LAG,
    READ,
    READ_BYTES,
    READS,
    RETENTION,
    SHARDS,
    SHARED,
    THROTTLED,
)
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.untold_telemetry import LINES_DROPPED, UNTOLD
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.queries import PROCESS_CPU, PROCESS_MEMORY, largest, observed, quantile, rate, replicas, total

S = TypeVar("S", bound=Spec)


def of(spec: S) -> S:
    """The metric as the inspector has it."""
    return replace(spec, namespace=NAMESPACE)


FIRST: Final = of(READ)
_WELL: Final = Row(
    "Is it well?",
    Panel("Inspectors", "That Prometheus reaches; one for each stream", Query(replicas(FIRST)), kind="stat"),
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
_FLOW: Final = Row(
    "Reading",
    Panel("Records read per second", READ.help, Query(rate(of(READ), "instance"), "{{instance}}")),
    Panel(
        "Bytes read per second", READ_BYTES.help, Query(rate(of(READ_BYTES), "instance"), "{{instance}}"), unit="Bps"
    ),
    Panel(
        "Reads per second",
        READS.help,
        Query(rate(of(READS)), "answered"),
        Query(rate(of(THROTTLED)), "throttled"),
        Query(rate(of(CHECKPOINTS)), "checkpoints written"),
    ),
    Panel("Shards", SHARDS.help, Query(total(of(SHARDS), "state"), "{{state}}")),
)
_TIME: Final = Row(
    "How far behind",
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
_NOTICES: Final = Row(
    "Notices",
    Panel("Messages per second", SENT.help, Query(rate(of(SENT), "channel"), "{{channel}}")),
    Panel("Told by number, per second", SUPPRESSED.help, Query(rate(of(SUPPRESSED), "channel"), "{{channel}}")),
    Panel("Not accepted, per second", NOT_SENT.help, Query(rate(of(NOT_SENT), "channel"), "{{channel}}")),
)
_TROUBLE: Final = Row(
    "What goes wrong",
    Panel(
        "Calls given up per second",
        FAILED.help,
        Query(rate(of(FAILED), "step", "error_code"), "{{step}}: {{error_code}}"),
    ),
    Panel(
        "Retries per second",
        RETRIED.help,
        Query(rate(of(RETRIED), "operation", "error_code"), "{{operation}}: {{error_code}}"),
    ),
    Panel("Call time p99", CALLS.help, Query(quantile(0.99, of(CALLS), "operation"), "{{operation}}"), unit="s"),
    Panel("Calls per second", CALLS.help, Query(observed(of(CALLS), "operation"), "{{operation}}")),
    Panel(
        "Not told, per second",
        "The work is done; its log line or metric is missing",
        Query(rate(of(LINES_DROPPED)), "log lines dropped"),
        Query(rate(of(UNTOLD), "fact"), "failed: {{fact}}"),
    ),
    Panel("CPU", "1 is one core, all that a process can use", Query(rate(PROCESS_CPU, "instance"), "{{instance}}")),
    Panel("Memory", "Resident", Query(total(PROCESS_MEMORY, "instance"), "{{instance}}"), unit="bytes"),
)

INSPECTOR_ROWS: Final = (_WELL, _VERDICTS, _FLOW, _TIME, _NOTICES, _TROUBLE)
