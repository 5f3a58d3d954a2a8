"""From the results of the benchmarks to what `event-processor size` calculates with: `python -m benchmarks.sizing`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from event_processor.estimate.measured import AtLatency, Growth, Measured, Source
from event_processor.settings.submissions import SubmissionsSettings

_BENCHMARKS: Final = Path(__file__).parent.parent
END_TO_END: Final = _BENCHMARKS / "end_to_end" / "result.json"
GROWTH: Final = _BENCHMARKS / "growth" / "result.json"
TARGET: Final = _BENCHMARKS.parent / "event_processor" / "estimate" / "measured.json"
_TRANSPORTS: Final = ("boto3", "lean")
_BASE_RECORD_BYTES: Final = 391  # of five unpadded events, three processes and two connections, on average
_BASE_EVENTS: Final = 5
_GROWTH_TRANSPORT: Final = "lean"  # the one that `benchmarks.growth` measures
_VARIED: Final = {
    "bytes a record": "record_bytes",
    "events a submission": "events_per_submission",
    "submissions in flight": "in_flight",
}
_MIB: Final = 1024 * 1024


def is_recorded() -> bool:
    """Whether both benchmarks have a recorded result."""
    return END_TO_END.exists() and GROWTH.exists()


def measured() -> Measured:
    """The medians of what is recorded. Raises FileNotFoundError if it is not."""
    end_to_end, growth = (json.loads(path.read_text()) for path in (END_TO_END, GROWTH))
    return Measured(
        provisional=False,
        base_record_bytes=_BASE_RECORD_BYTES,
        base_events_per_submission=_BASE_EVENTS,
        base_max_in_flight=SubmissionsSettings.model_fields["max_in_flight"].default,
        base_max_in_flight_bytes=SubmissionsSettings.model_fields["max_in_flight_bytes"].default,
        sources=(_source(END_TO_END, end_to_end), _source(GROWTH, growth)),
        latencies=tuple(_latencies(end_to_end["rows"])),
        growth=tuple(_growth(growth["rows"])),
    )


def _latencies(rows: list[dict[str, Any]]) -> Iterator[AtLatency]:
    for row in rows:
        if row["contender"] in _TRANSPORTS and row["refused_share"] == 0:
            yield AtLatency(
                transport=row["contender"],
                latency_seconds=row["latency_seconds"],
                events_per_second=row["events_per_second"]["median"],
                cpu_us_per_event=row["cpu_us_per_event"]["median"],
            )


def _growth(rows: list[dict[str, Any]]) -> Iterator[Growth]:
    for row in rows:
        if row["axis"] in _VARIED:
            yield Growth(
                transport=_GROWTH_TRANSPORT,
                varied=_VARIED[row["axis"]],
                value=row["value"],
                cpu_us_per_event=row["cpu_us_per_event"]["median"],
                peak_memory_bytes=row["peak_mib"]["median"] * _MIB,
            )


def _source(path: Path, result: dict[str, Any]) -> Source:
    return Source(
        file=str(path.relative_to(_BENCHMARKS.parent)), recorded_at=result["recorded_at"], **result["machine"]
    )
