"""What the status pages of several jobs show alike: charts, rejects by code, contracts, lags."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from event_processor.status.history import Charted, Sample
from event_processor.status.page import Chart, Figure, Table, chart
from event_processor.telemetry.contract_telemetry import CONTRACTS, CONTRACTS_AGE, EPOCH
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.notice_telemetry import NOT_SENT, SENT, SUPPRESSED, NoticeTelemetry
from event_processor.telemetry.reading_telemetry import ReadingTelemetry
from event_processor.telemetry.reject_telemetry import REJECTS

MOST_ROWS: Final = 20


def charts(titles: Sequence[str], samples: Sequence[Sample], charted: Charted) -> list[Chart]:
    """One for each of the job's counters."""
    return [chart(title, samples, charted, spec) for title, spec in zip(titles, charted.counters, strict=True)]


def rejects_by_code(metrics: Metrics) -> Table:
    """The most frequent code first."""
    reasons = Counter(metrics.by_label(REJECTS)).most_common()
    return Table("Rejects by code", [(reason, f"{n:,}") for reason, n in reasons])


def contract_figures(metrics: Metrics, while_it_grows: str = "") -> Iterator[Figure]:
    """How many there are, and how old the knowledge of them is."""
    yield Figure(f"{metrics.total(CONTRACTS):,.0f}", "contracts", f"epoch {metrics.total(EPOCH):.0f}")
    yield Figure(f"{metrics.total(CONTRACTS_AGE):,.1f} s", "since contracts were read", while_it_grows)


def lag_by_shard(reading: ReadingTelemetry) -> Table:
    """The shards that are furthest behind."""
    lags = reading.lags()
    rows = [(shard, f"{milliseconds:,.0f} ms") for shard, milliseconds in list(lags.items())[:MOST_ROWS]]
    return Table("Lag by shard", [*rows, (f"and {len(lags) - MOST_ROWS} more", "")] if len(lags) > MOST_ROWS else rows)


def notice_rows(metrics: Metrics, notices: NoticeTelemetry) -> Iterator[Sequence[str]]:
    """A line for each channel."""
    counts = [metrics.by_label(spec) for spec in (SENT, SUPPRESSED, NOT_SENT)]
    failing = notices.not_accepting
    for channel in notices.channels:
        sent, suppressed, failed = (count.get(channel, 0) for count in counts)
        state = "failing" if channel in failing else "working"
        yield channel, state, f"{sent:,} messages", f"{suppressed:,} told by number", f"{failed:,} not accepted"
