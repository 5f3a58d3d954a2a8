"""What the status page of `gateway` shows: requests by status, records, what is in hand, rejects."""

from collections.abc import Iterator, Sequence
from typing import Final

from event_processor.status.gateway_health import CHARTED
from event_processor.status.history import Sample
from event_processor.status.page import Figure, Page, Table, ages
from event_processor.status.shared_parts import contract_figures, job_page
from event_processor.telemetry.door_telemetry import (
    ACCEPTED,
    ACKNOWLEDGED,
    IN_HAND,
    IN_HAND_BYTES,
    REJECTED,
    REQUESTS,
    UNFINISHED,
    VERDICTS,
    VIOLATIONS,
)
from event_processor.telemetry.gateway_telemetry import GatewayTelemetry
from event_processor.telemetry.metrics import Metrics

_TITLES: Final = ("requests a second", "records acknowledged a second", "rejects a second")


def gateway_page(max_records: int, max_bytes: int, samples: Sequence[Sample], telemetry: GatewayTelemetry) -> Page:
    """The page of now."""
    metrics = telemetry.metrics
    by_status = metrics.by_one_label(REQUESTS, "status")
    requests = Table("Requests by status", [(code, f"{n:,}") for code, n in sorted(by_status.items()) if n])
    figures = _figures(metrics, samples, max_records, max_bytes)
    return job_page("gateway", figures, _TITLES, CHARTED, samples, telemetry, requests)


def _figures(metrics: Metrics, samples: Sequence[Sample], max_records: int, max_bytes: int) -> Iterator[Figure]:
    verdicts = metrics.by_one_label(VERDICTS, "verdict")
    violations = metrics.total(VIOLATIONS)
    yield Figure(f"{verdicts.get(ACCEPTED, 0):,}", "accepted", "since the start")
    yield Figure(f"{verdicts.get(REJECTED, 0):,}", "rejected", "their clients were told")
    yield Figure(f"{metrics.total(ACKNOWLEDGED):,.0f}", "acknowledged", "since the start")
    yield Figure(f"{metrics.total(UNFINISHED):,.0f}", "unfinished", "answered 503")
    yield Figure(f"{metrics.total(IN_HAND):,.0f}", "records in hand", f"at most {max_records:,}")
    yield Figure(f"{metrics.total(IN_HAND_BYTES):,.0f}", "bytes in hand", f"at most {max_bytes:,}")
    yield from ages(samples, CHARTED, "acknowledged after")
    yield from contract_figures(metrics)
    yield Figure(f"{violations:,.0f}", "order violations", "must be 0", alarm=violations > 0)
