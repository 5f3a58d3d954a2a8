"""What the status pages of several jobs show alike: charts, rejects by code, contracts, lags."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from event_processor.status.history import Charted, Sample
from event_processor.status.page import Figure, Page, Table, Watch, chart, rejects_by, shown_record, span
from event_processor.telemetry.contract_telemetry import CONTRACTS, CONTRACTS_AGE, EPOCH
from event_processor.telemetry.job_telemetry import JobTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.notice_telemetry import NOT_SENT, SENT, SUPPRESSED, NoticeTelemetry
from event_processor.telemetry.reading_telemetry import ReadingTelemetry

_ROWS: Final = 20


def job_page(
    job: str,
    figures: Iterable[Figure],
    titles: Sequence[str],
    charted: Charted,
    samples: Sequence[Sample],
    telemetry: JobTelemetry,
    *tables: Table,
    watch: Watch | None = None,
) -> Page:
    """The page of now; a title for each of the job's counters."""
    return Page(
        job=job,
        figures=list(figures),
        span=span(samples),
        charts=[chart(title, samples, charted, spec) for title, spec in zip(titles, charted.counters, strict=True)],
        reasons=rejects_by("code", telemetry.metrics),
        rejects=[shown_record(reject) for reject in telemetry.rejects.latest],
        tables=tables,
        watch=watch,
    )


def frequent_faults(telemetry: JobTelemetry) -> Table:
    """What is wrong most often, and where."""
    return Table("Most frequent faults", telemetry.rejects.groups(_ROWS))


def contract_figures(metrics: Metrics, while_it_grows: str = "") -> Iterator[Figure]:
    """How many there are, and how old the knowledge of them is."""
    yield Figure(f"{metrics.total(CONTRACTS):,.0f}", "contracts", f"epoch {metrics.total(EPOCH):.0f}")
    yield Figure(f"{metrics.total(CONTRACTS_AGE):,.1f} s", "since contracts were read", while_it_grows)


def lag_by_shard(reading: ReadingTelemetry) -> Table:
    """The shards that are furthest behind."""
    lags = reading.lags()
    rows = [(shard, f"{milliseconds:,.0f} ms") for shard, milliseconds in list(lags.items())[:_ROWS]]
    return Table("Lag by shard", [*rows, (f"and {len(lags) - _ROWS} more", "")] if len(lags) > _ROWS else rows)


def notices_by_channel(metrics: Metrics, notices: NoticeTelemetry) -> Table:
    """A line for each channel."""
    return Table("Notices", list(_notice_rows(metrics, notices)))


def _notice_rows(metrics: Metrics, notices: NoticeTelemetry) -> Iterator[Sequence[str]]:
    counts = [metrics.by_label(spec) for spec in (SENT, SUPPRESSED, NOT_SENT)]
    failing = notices.not_accepting
    for channel in notices.channels:
        sent, suppressed, failed = (count.get(channel, 0) for count in counts)
        state = "failing" if channel in failing else "working"
        yield channel, state, f"{sent:,} messages", f"{suppressed:,} told by number", f"{failed:,} not accepted"
