"""What the status page of `inspect` shows: verdicts, lag, contracts, notices, rejects and what is frequent."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from event_processor.status.history import Sample
from event_processor.status.inspection_health import CHARTED
from event_processor.status.page import Figure, Page, Table, ages, chart, shown_record, span
from event_processor.telemetry.inspection_telemetry import (
    ACCEPTED,
    CONTRACTS,
    CONTRACTS_AGE,
    EPOCH,
    HELD,
    REJECTED,
    VERDICTS,
)
from event_processor.telemetry.inspector_telemetry import InspectorTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.notice_telemetry import NOT_SENT, SENT, SUPPRESSED
from event_processor.telemetry.reading_telemetry import GAPS, LAG
from event_processor.telemetry.reject_telemetry import REJECTS

_TITLES: Final = ("records read a second", "verdicts a second", "rejects a second")
_MOST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class InspectionStatus:
    """What the page is made of."""

    stream: str
    metrics: Metrics
    samples: Sequence[Sample]
    telemetry: InspectorTelemetry


def inspection_page(status: InspectionStatus) -> Page:
    """The page of now."""
    reasons = Counter(status.metrics.by_label(REJECTS)).most_common()
    return Page(
        job=f"inspect {status.stream}",
        figures=list(_figures(status)),
        span=span(status.samples),
        charts=[
            chart(title, status.samples, CHARTED, spec) for title, spec in zip(_TITLES, CHARTED.counters, strict=True)
        ],
        reasons=Table("Rejects by code", [(reason, f"{n:,}") for reason, n in reasons]),
        rejects=[shown_record(reject) for reject in status.telemetry.rejects.latest],
        tables=[
            Table("Most frequent faults", status.telemetry.rejects.groups(_MOST_ROWS)),
            Table("Lag by shard", list(_lags(status))),
            Table("Notices", list(_notices(status))),
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
    yield Figure(f"{metrics.total(CONTRACTS):,.0f}", "contracts", f"epoch {metrics.total(EPOCH):.0f}")
    yield Figure(f"{metrics.total(CONTRACTS_AGE):,.1f} s", "since contracts were read", "rejects wait while it grows")
    yield Figure(f"{gaps:,.0f}", "gaps", "must be 0", alarm=gaps > 0)


def _lags(status: InspectionStatus) -> Iterator[tuple[str, str]]:
    lags = status.telemetry.reading.lags()
    yield from ((shard, f"{milliseconds:,.0f} ms") for shard, milliseconds in list(lags.items())[:_MOST_ROWS])
    if len(lags) > _MOST_ROWS:
        yield f"and {len(lags) - _MOST_ROWS} more", ""


def _notices(status: InspectionStatus) -> Iterator[Sequence[str]]:
    counts = [status.metrics.by_label(spec) for spec in (SENT, SUPPRESSED, NOT_SENT)]
    failing = status.telemetry.notices.not_accepting
    for channel in status.telemetry.notices.channels:
        sent, suppressed, failed = (count.get(channel, 0) for count in counts)
        state = "failing" if channel in failing else "working"
        yield channel, state, f"{sent:,} messages", f"{suppressed:,} told by number", f"{failed:,} not accepted"
