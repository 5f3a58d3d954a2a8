"""From the results of the benchmarks to what `estimate capacity` calculates with: `python -m benchmarks.sizing`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from event_processor.estimate.load import Load
from event_processor.estimate.measured import AtLatency, Growth, Measured, OneCore, Source
from event_processor.settings.submissions import SubmissionsSettings

_BENCHMARKS: Final = Path(__file__).parent.parent
END_TO_END: Final = _BENCHMARKS / "end_to_end" / "result.json"
GROWTH: Final = _BENCHMARKS / "growth" / "result.json"
GATEWAY: Final = _BENCHMARKS / "gateway" / "result.json"
LAKE: Final = _BENCHMARKS / "lake" / "result.json"
INSPECTOR: Final = _BENCHMARKS / "inspector" / "result.json"
TARGET: Final = _BENCHMARKS.parent / "event_processor" / "estimate" / "measured.json"
_TRANSPORTS: Final = ("boto3", "lean")
_BASE: Final = Load(1, record_bytes=391, events_per_submission=5)  # three processes and two connections, unpadded
_LARGER: Final = ("record_bytes", "events_per_submission")  # what makes a submission larger
_MUCH_BYTES: Final = 8 * 1024 * 1024  # less in hand is not told from the noise
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
    rows = tuple(_growth(growth["rows"]))
    return Measured(
        provisional=False,
        base_record_bytes=_BASE.record_bytes,
        base_events_per_submission=_BASE.events_per_submission,
        memory_of_a_byte=memory_of_a_byte(rows),
        sources=(_source(END_TO_END, end_to_end), _source(GROWTH, growth)),
        latencies=tuple(_latencies(end_to_end["rows"])),
        growth=rows,
        inspector=_one_core(INSPECTOR, {"what": "full load"}),
        gateway=_one_core(GATEWAY, {"door": "event-processor gateway", "load": "full, singly"}),
        delivery=_one_core(LAKE, {"what": "raw, Parquet and DuckDB"}),
    )


def memory_of_a_byte(growth: Sequence[Growth]) -> float:
    """What a byte in hand takes, by the larger submissions that were measured: the dearest of them, at least 1."""
    rows = [(row, row.peak_memory_bytes) for row in growth if row.peak_memory_bytes is not None]
    base_peak = min(peak for _, peak in rows)
    larger = [(peak - base_peak, _held_bytes(row)) for row, peak in rows if row.varied in _LARGER]
    return max([1.0, *(peak / held for peak, held in larger if held > _MUCH_BYTES)])


def _held_bytes(row: Growth) -> int:
    """More than at the base, in a measurement: bounded as the processor was."""
    larger = replace(_BASE, **{row.varied: int(row.value)})  # type: ignore[arg-type]
    fields = SubmissionsSettings.model_fields
    most, most_bytes = fields["max_in_flight"].default, fields["max_in_flight_bytes"].default
    held, base = (min(most * load.submission_bytes, most_bytes) for load in (larger, _BASE))
    return int(held - base)


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


def _one_core(path: Path, wanted: dict[str, str]) -> OneCore:
    result = json.loads(path.read_text())
    row = next(row for row in result["rows"] if wanted.items() <= row.items())
    peak = row["peak_mib"]["median"] * _MIB if "peak_mib" in row else row["peak_mb"]["median"] * 1e6
    return OneCore(
        cpu_us_per_record=row["cpu_us_per_record"]["median"], peak_memory_bytes=peak, source=_source(path, result)
    )


def _source(path: Path, result: dict[str, Any]) -> Source:
    return Source(
        file=str(path.relative_to(_BENCHMARKS.parent)), recorded_at=result["recorded_at"], **result["machine"]
    )
