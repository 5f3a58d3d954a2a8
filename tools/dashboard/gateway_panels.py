"""What is on the gateway's dashboard: is it well, what is asked, how long it takes, what goes wrong."""

from typing import Final

from event_processor.telemetry.call_telemetry import CALLS
from event_processor.telemetry.contract_telemetry import CONTRACTS, CONTRACTS_AGE, EPOCH
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
from event_processor.telemetry.publish_telemetry import REFUSED, WAVES
from event_processor.telemetry.reject_telemetry import REJECTS
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.job_panels import CPU, MEMORY, OfJob
from tools.dashboard.queries import (
    largest,
    mean,
    quantile,
    rate,
    replicas,
    total,
)

UNAVAILABLE_SHARE: Final = 0.05  # deploy/prometheus/alerts.yml has the same
of: Final = OfJob(NAMESPACE)
FIRST: Final = of(ACKNOWLEDGED)
_WELL: Final = Row(
    "Health",
    Panel("Gateways", "Reached by Prometheus", Query(replicas(of(IN_HAND))), kind="stat"),
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
    "Requests",
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
    Panel("From headers to answer", REQUEST_SECONDS.help, *of.quantiles(REQUEST_SECONDS), unit="s"),
    Panel("From headers to acknowledgement", AGE.help, *of.quantiles(AGE), unit="s"),
    Panel("PutRecords p99", CALLS.help, Query(quantile(0.99, of(CALLS), "operation"), "{{operation}}"), unit="s"),
)
_HAND: Final = Row(
    "In hand",
    Panel("Records in hand, by gateway", IN_HAND.help, Query(total(of(IN_HAND), "instance"), "{{instance}}")),
    Panel(
        "Bytes in hand", IN_HAND_BYTES.help, Query(total(of(IN_HAND_BYTES), "instance"), "{{instance}}"), unit="bytes"
    ),
    Panel("Records per wave", WAVES.help, Query(mean(of(WAVES)))),
    CPU,
    MEMORY,
)
_TROUBLE: Final = Row(
    "What goes wrong",
    Panel("Refused per second", REFUSED.help, Query(rate(of(REFUSED), "error_code"), "{{error_code}}")),
    of.given_up(),
    of.retries(),
    of.calls(),
    of.not_told(),
)
_CONTRACTS: Final = Row(
    "Contracts and certificate",
    Panel("Contracts", CONTRACTS.help, Query(largest(of(CONTRACTS)), "subjects")),
    Panel("Epoch", EPOCH.help, Query(largest(of(EPOCH), "instance"), "{{instance}}")),
    Panel("Certificate expires", CERTIFICATE.help, Query(f"1000 * {largest(of(CERTIFICATE))}"), unit="dateTimeAsIso"),
)

GATEWAY_ROWS: Final = (_WELL, _REQUESTS, _RECORDS, _TIME, _HAND, _TROUBLE, _CONTRACTS)
