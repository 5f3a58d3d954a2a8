"""What the status page of `inspect` shows: verdicts, lag, contracts, notices, rejects and what is frequent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from event_processor.status.history import Sample
from event_processor.status.inspection_health import CHARTED
from event_processor.status.page import Figure, Page, Table, ages, shown_record, span
from event_processor.status.shared_parts import (
    MOST_ROWS,
    charts,
    contract_figures,
    lag_by_shard,
    notice_rows,
    rejects_by_code,
)
from event_processor.telemetry.inspection_telemetry import (
    ACCEPTED,
    HELD,
    REJECTED,
    VERDICTS,
)
from event_processor.telemetry.inspector_telemetry import InspectorTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.reading_telemetry import GAPS, LAG

_TITLES: Final = ("records read a second", "verdicts a second", "rejects a second")


@dataclass(frozen=True, slots=True)
class InspectionStatus:
    """What the page is made of."""

    stream: str
    metrics: Metrics
    samples: Sequence[Sample]
    telemetry: InspectorTelemetry


def inspection_page(status: InspectionStatus) -> Page:
    """The page of now."""
    return Page(
        job=f"inspect {status.stream}",
        figures=list(_figures(status)),
        span=span(status.samples),
        charts=charts(_TITLES, status.samples, CHARTED),
        reasons=rejects_by_code(status.metrics),
        rejects=[shown_record(reject) for reject in status.telemetry.rejects.latest],
        tables=[
            Table("Most frequent faults", status.telemetry.rejects.groups(MOST_ROWS)),
            lag_by_shard(status.telemetry.reading),
            Table("Notices", list(notice_rows(status.metrics, status.telemetry.notices))),
        ],
    )


def _figures(status: InspectionStatus) -> Iterator[Figure]:
    metrics = status.metrics
    verdicts = metrics.by_one_label(VERDICTS, "verdict")
    lag_milliseconds, gaps = metrics.total(LAG), metrics.total(GAPS)
    yield Figure(f"{verdicts.get(ACCEPTED, 0):,}", "accepted", "since the start")
    yield Figure(f"{verdicts.get(REJECTED, 0):,}", "rejected", "and stored")
    yield Figure(f"{metrics.total(HELD):,.0f}", "rejects held", "until contracts are read, or stored")
    yield Figure(f"{lag_milliseconds:,.0f} ms", "behind the tip", "the shard that is furthest")
    yield from ages(status.samples, CHARTED, "verdict after")
    yield from contract_figures(metrics, "rejects wait while it grows")
    yield Figure(f"{gaps:,.0f}", "gaps", "must be 0", alarm=gaps > 0)
