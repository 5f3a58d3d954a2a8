"""The figures that a capacity is made from are those of the benchmarks."""

from dataclasses import replace

import pytest

from benchmarks import sizing
from event_processor.estimate.load import Load
from event_processor.estimate.measured import Growth, between
from tests.unit.estimate.loads import MEASURED, MIB


def test_figures_are_those_recorded() -> None:
    """The package ships what the benchmarks recorded; without a record it says so. `python -m benchmarks.sizing`."""
    if sizing.is_recorded():
        assert sizing.measured() == MEASURED
    else:
        assert MEASURED.provisional


@pytest.mark.parametrize("transport", ["lean", "boto3"])
def test_every_transport_is_measured(transport: str) -> None:
    """Whatever transport is asked for, there are figures of its own, and lines to draw between."""
    assert len([at for at in MEASURED.latencies if at.transport == transport]) > 1
    for varied in ("record_bytes", "events_per_submission", "in_flight"):
        assert len([row for row in MEASURED.growth if row.varied == varied]) > 1


def test_a_measured_load_gets_the_measured_figures() -> None:
    """At the conditions of a measurement, speed and cost are what was measured there."""
    base = MEASURED.base_record_bytes, MEASURED.base_events_per_submission
    for at in MEASURED.latencies:
        load = Load(1, *base, at.latency_seconds, "lean" if at.transport == "lean" else "boto3")

        assert MEASURED.events_per_second(load) == pytest.approx(at.events_per_second)
        assert MEASURED.cpu_seconds(load) == pytest.approx(at.cpu_us_per_event / 1e6)


@pytest.mark.parametrize("varied", ["record_bytes", "events_per_submission"])
def test_growth_is_as_measured(varied: str) -> None:
    """From one measured point of growth to the next, an event gets dearer or cheaper as it did when measured."""
    base = Load(1, MEASURED.base_record_bytes, MEASURED.base_events_per_submission, transport="lean")
    rows = [row for row in MEASURED.growth if row.varied == varied]
    loads = [replace(base, **{varied: int(row.value)}) for row in rows]  # type: ignore[arg-type]

    for row, load in zip(rows, loads, strict=True):
        dearer = row.cpu_us_per_event / rows[0].cpu_us_per_event
        assert MEASURED.cpu_seconds(load) / MEASURED.cpu_seconds(loads[0]) == pytest.approx(dearer)
        speeds = [MEASURED.events_per_second(each) for each in (loads[0], load)]
        assert speeds[0] / speeds[1] == pytest.approx(dearer)


def test_memory_of_larger_submissions_is_as_measured() -> None:
    """A byte in hand is taken to need as much memory as the benchmark saw it need, not as much as it counts."""
    growth = (
        Growth(transport="lean", varied="in_flight", value=100, cpu_us_per_event=1, peak_memory_bytes=80 * MIB),
        Growth(transport="lean", varied="in_flight", value=2000, cpu_us_per_event=1, peak_memory_bytes=80 * MIB),
        Growth(transport="lean", varied="record_bytes", value=8000, cpu_us_per_event=1, peak_memory_bytes=200 * MIB),
    )
    measured = MEASURED.model_copy(update={"growth": growth, "memory_of_a_byte": sizing.memory_of_a_byte(growth)})
    base = Load(1, measured.base_record_bytes, measured.base_events_per_submission)
    held_at_the_base = 2000 * base.submission_bytes
    a_byte = 120 * MIB / (64 * MIB - held_at_the_base)
    larger = replace(base, record_bytes=2000)
    more_bytes = 1000 * (larger.submission_bytes - base.submission_bytes)

    assert measured.memory_bytes(base, 1000) == 80 * MIB
    assert measured.memory_bytes(larger, 1000) == pytest.approx(80 * MIB + more_bytes * a_byte)


def test_longer_records_cost_more_memory() -> None:
    """The same number of submissions takes more memory when each is larger, by at least their bytes."""
    small, large = Load(1), Load(1, record_bytes=4_000)
    more_bytes = 2_000 * (large.submission_bytes - small.submission_bytes)

    assert MEASURED.memory_bytes(large, 2_000) - MEASURED.memory_bytes(small, 2_000) >= 0.9 * more_bytes


@pytest.mark.parametrize(
    ("x", "beyond", "expected"), [(0, False, 10), (1, False, 10), (2, False, 20), (9, False, 30), (5, True, 50)]
)
def test_between(x: float, beyond: bool, expected: float) -> None:
    """Straight between two points; outside them the last value, or on at the last slope where that is asked for."""
    assert between([(1, 10), (3, 30)], x, beyond) == pytest.approx(expected)


def test_growth_never_turns_back() -> None:
    """Noise that lets the last point fall must not make a still larger load cheaper."""
    assert between([(1, 10), (2, 9)], 100, beyond=True) == 9
