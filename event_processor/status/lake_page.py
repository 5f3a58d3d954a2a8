"""What the status page of `deliver` shows: of each stream its tip, its lag, its last range, rows and rejects."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from event_processor.status.history import Sample
from event_processor.status.lake_health import CHARTED
from event_processor.status.page import Figure, Page, Table, ages, known, to_the_second
from event_processor.status.shared_parts import contract_figures, frequent_faults, job_page, lag_by_shard
from event_processor.telemetry.delivery_telemetry import ACCEPTED, LOADED, RANGES, RECORDS, REJECTED, TO_LOAD, WAITING
from event_processor.telemetry.lake_telemetry import LakeTelemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.reading_telemetry import GAPS, LAG

_TITLES: Final = ("records read a second", "records stored a second", "rows loaded a second")


def lake_page(streams: Iterable[str], lake: str, samples: Sequence[Sample], telemetry: LakeTelemetry) -> Page:
    """The page of now."""
    return job_page(
        f"deliver to {lake}",
        _figures(telemetry.metrics, samples),
        _TITLES,
        CHARTED,
        samples,
        telemetry,
        Table("Streams", list(_streams(streams, telemetry))),
        frequent_faults(telemetry),
        lag_by_shard(telemetry.reading),
    )


def _figures(metrics: Metrics, samples: Sequence[Sample]) -> Iterator[Figure]:
    records, loaded = metrics.by_one_label(RECORDS, "verdict"), metrics.by_one_label(LOADED, "outcome")
    gaps = metrics.total(GAPS)
    yield Figure(f"{records.get(ACCEPTED, 0):,}", "accepted", "in the lake, since the start")
    yield Figure(f"{records.get(REJECTED, 0):,}", "rejected", "in the lake, too")
    yield Figure(f"{loaded.get('rows', 0):,}", "rows loaded", f"{loaded.get('repeats', 0):,} repeats left out")
    yield Figure(f"{metrics.total(TO_LOAD):,.0f}", "ranges to load", "in the lake, not in the warehouse")
    yield Figure(f"{metrics.total(WAITING):,.0f}", "bytes wait", "for others to be stored with")
    yield Figure(f"{metrics.total(LAG):,.0f} ms", "behind the tip", "the shard that is furthest")
    yield from ages(samples, CHARTED, "stored after")
    yield from contract_figures(metrics, "rejects wait while it grows")
    yield Figure(f"{gaps:,.0f}", "gaps", "must be 0", alarm=gaps > 0)


def _streams(streams: Iterable[str], telemetry: LakeTelemetry) -> Iterator[Sequence[str]]:
    """A line each: ranges, records, lag, and the range that was written last."""
    metrics, newest = telemetry.metrics, telemetry.delivery.newest
    ranges, records = metrics.by_label(RANGES), metrics.by_one_label(RECORDS, "stream")
    lags = telemetry.reading.lags()
    for name in streams:
        lag = max((behind for shard, behind in lags.items() if shard.startswith(f"{name}/")), default=0.0)
        counts = f"{ranges.get(name, 0):,} ranges", f"{records.get(name, 0):,} records", f"{lag:,.0f} ms behind"
        entry = newest.get(name)
        if entry is None:
            yield name, *counts, "no range yet"
            continue
        arrived = to_the_second(known(entry.arrived_last and entry.arrived_last.isoformat()))
        tip = f"{entry.shard} range {entry.number}, to {arrived}: {entry.rows:,} rows, {entry.rejects:,} rejects"
        yield name, *counts, tip
