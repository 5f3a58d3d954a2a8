"""What the status page of `inspect` shows: verdicts, lag, contracts, notices, rejects and what is frequent."""

from collections.abc import Iterator, Sequence
from typing import Final

from event_processor.status.history import Sample
from event_processor.status.inspection_health import CHARTED
from event_processor.status.page import Figure, Page, ages
from event_processor.status.shared_parts import (
    contract_figures,
    frequent_faults,
    job_page,
    lag_by_shard,
    notices_by_channel,
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


def inspection_page(stream: str, samples: Sequence[Sample], telemetry: InspectorTelemetry) -> Page:
    """The page of now."""
    return job_page(
        f"inspect {stream}",
        _figures(telemetry.metrics, samples),
        _TITLES,
        CHARTED,
        samples,
        telemetry,
        frequent_faults(telemetry),
        lag_by_shard(telemetry.reading),
        notices_by_channel(telemetry.metrics, telemetry.notices),
    )


def _figures(metrics: Metrics, samples: Sequence[Sample]) -> Iterator[Figure]:
    verdicts = metrics.by_one_label(VERDICTS, "verdict")
    lag_milliseconds, gaps = metrics.total(LAG), metrics.total(GAPS)
    yield Figure(f"{verdicts.get(ACCEPTED, 0):,}", "accepted", "since the start")
    yield Figure(f"{verdicts.get(REJECTED, 0):,}", "rejected", "and stored")
    yield Figure(f"{metrics.total(HELD):,.0f}", "rejects held", "until contracts are read, or stored")
    yield Figure(f"{lag_milliseconds:,.0f} ms", "behind the tip", "the shard that is furthest")
    yield from ages(samples, CHARTED, "verdict after")
    yield from contract_figures(metrics, "rejects wait while it grows")
    yield Figure(f"{gaps:,.0f}", "gaps", "must be 0", alarm=gaps > 0)
