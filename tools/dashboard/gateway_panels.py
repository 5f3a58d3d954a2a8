"""What is on the gateway's dashboard: is it well, what is asked, how long it takes, what goes wrong."""

from dataclasses import replace
from typing import Final, TypeVar

from event_processor.telemetry.call_telemetry import CALLS, FAILED, RETRIED
from event_processor.telemetry.denial_telemetry import CERTIFICATE, DENIED
from event_processor.telemetry.door_telemetry import (
    ACKNOWLEDGED,
    AGE,
    BROKEN,
    IN_HAND,
    IN_HAND_BYTES,
    REQUEST_SECONDS,
    REQUESTS,
    UNFINISHED,
    VERDICTS,
    VIOLATIONS,
)
from event_processor.telemetry.gateway_telemetry import NAMESPACE
from event_processor.telemetry.inspection_telemetry import CONTRACTS, CONTRACTS_AGE, EPOCH
from event_processor.telemetry.metrics import HistogramSpec, Spec
from event_processor.telemetry.publish_telemetry import REFUSED, WAVES
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.untold_telemetry import LINES_DROPPED, UNTOLD
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.queries import (
    PROCESS_CPU,
    PROCESS_MEMORY,
    largest,
    mean,
    observed,
    quantile,
    rate,
    replicas,
    total,
)

UNAVAILABLE_SHARE: Final = 0.05  # deploy/prometheus/alerts.yml has the same
S = TypeVar("S", bound=Spec)


def of(spec: S) -> S:
    """The metric as the gateway has it."""
    return replace(spec, namespace=NAMESPACE)


def _quantiles(spec: HistogramSpec) -> tuple[Query, ...]:
    return tuple(Query(quantile(share, of(spec)), legend) for share, legend in ((0.5, "p50"), (0.99, "p99")))


FIRST: Final = of(ACKNOWLEDGED)
_WELL: Final = Row(
    "Is it well?",
    Panel("Gateways", "That Prometheus reaches", Query(replicas(of(IN_HAND))), kind="stat"),
    Panel("Order violations", VIOLATIONS.help, Query(largest(of(VIOLATIONS))), kind="stat", line=1),
    Panel(
        "Answered 503",
        "Share of the requests",
        Query(f"{rate(of(REQUESTS), status='503')} / {rate(of(REQUESTS))}"),
        unit="percentunit",
        kind="stat",
        line=UNAVAILABLE_SHARE,
    ),
    Panel(
        "Answered after, p99", REQUEST_SECONDS.help, Query(quantile(0.99, of(REQUEST_SECONDS))), unit="s", kind="stat"
    ),
    Panel("Records in hand", IN_HAND.help, Query(total(of(IN_HAND))), kind="stat"),
    Panel("Since contracts were read", CONTRACTS_AGE.help, Query(largest(of(CONTRACTS_AGE))), unit="s", kind="stat"),
    Panel("Broken", BROKEN.help, Query(largest(of(BROKEN))), kind="stat", line=1),
)
_REQUESTS: Final = Row(
    "What is asked",
    Panel("Requests per second, by status", REQUESTS.help, Query(rate(of(REQUESTS), "status"), "{{status}}")),
    Panel("Requests per second, by stream", REQUESTS.help, Query(rate(of(REQUESTS), "stream"), "{{stream}}")),
    Panel("Denied per second", DENIED.help, Query(rate(of(DENIED), "key", "status"), "{{key}}: {{status}}")),
)
_RECORDS: Final = Row(
    "Records",
    Panel("Acknowledged per second", ACKNOWLEDGED.help, Query(rate(FIRST, "stream"), "{{stream}}")),
    Panel("Verdicts per second", VERDICTS.help, Query(rate(of(VERDICTS), "verdict"), "{{verdict}}")),
    Panel("Rejects per second, by code", REJECTS.help, Query(rate(of(REJECTS), "reason"), "{{reason}}")),
    Panel("Unfinished per second", UNFINISHED.help, Query(rate(of(UNFINISHED), "stream"), "{{stream}}")),
)
_TIME: Final = Row(
    "How long it takes",
    Panel("From headers to answer", REQUEST_SECONDS.help, *_quantiles(REQUEST_SECONDS), unit="s"),
    Panel("From headers to acknowledgement", AGE.help, *_quantiles(AGE), unit="s"),
    Panel("PutRecords p99", CALLS.help, Query(quantile(0.99, of(CALLS), "operation"), "{{operation}}"), unit="s"),
)
_HAND: Final = Row(
    "In hand",
    Panel("Records in hand, by gateway", IN_HAND.help, Query(total(of(IN_HAND), "instance"), "{{instance}}")),
    Panel(
        "Bytes in hand", IN_HAND_BYTES.help, Query(total(of(IN_HAND_BYTES), "instance"), "{{instance}}"), unit="bytes"
    ),
    Panel("Records per wave", WAVES.help, Query(mean(of(WAVES)))),
    Panel("CPU", "1 is one core, all that a process can use", Query(rate(PROCESS_CPU, "instance"), "{{instance}}")),
    Panel("Memory", "Resident", Query(total(PROCESS_MEMORY, "instance"), "{{instance}}"), unit="bytes"),
)
_TROUBLE: Final = Row(
    "What goes wrong",
    Panel("Refused per second", REFUSED.help, Query(rate(of(REFUSED), "error_code"), "{{error_code}}")),
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
    Panel("Calls per second", CALLS.help, Query(observed(of(CALLS), "operation"), "{{operation}}")),
    Panel(
        "Not told, per second",
        "The work is done; its log line or metric is missing",
        Query(rate(of(LINES_DROPPED)), "log lines dropped"),
        Query(rate(of(UNTOLD), "fact"), "failed: {{fact}}"),
    ),
)
_CONTRACTS: Final = Row(
    "Contracts and certificate",
    Panel("Contracts", CONTRACTS.help, Query(largest(of(CONTRACTS)), "subjects")),
    Panel("Epoch", EPOCH.help, Query(largest(of(EPOCH), "instance"), "{{instance}}")),
    Panel("Certificate expires", CERTIFICATE.help, Query(f"1000 * {largest(of(CERTIFICATE))}"), unit="dateTimeAsIso"),
)

GATEWAY_ROWS: Final = (_WELL, _REQUESTS, _RECORDS, _TIME, _HAND, _TROUBLE, _CONTRACTS)
