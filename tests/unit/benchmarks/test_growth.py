"""benchmarks.growth: the axes, and what is concluded from them."""

import pytest

from benchmarks.backend.documents import tail
from benchmarks.growth.__main__ import memory, speed_up
from benchmarks.growth.axes import Point, few, points
from benchmarks.run import Window

MIB = 1024 * 1024


def window(events: int = 1000, cpu_seconds: float = 1.0, peak_mib: int = 80, held: int = 2_000) -> Window:
    """One second, so much done."""
    return Window(
        seconds=1.0,
        events=events,
        submissions=events // 5,
        held=held,
        throttled=0,
        calls={"PutRecords": 10},
        cpu_seconds=cpu_seconds,
        backend_cpu_seconds=0.1,
        peak_bytes=peak_mib * MIB,
    )


def test_a_quick_look_reaches_every_axis() -> None:
    """What `make bench-quick` sees running is all that `make bench` runs, and enough for its targets."""
    quick = few()

    assert {point.axis for point in quick} == {point.axis for point in points()}
    assert [point.value for point in quick if point.axis == "processes"] == [1, 2]


@pytest.mark.parametrize("point", list(points()), ids=lambda point: f"{point.axis}: {point.value:,}")
def test_every_load_fits_on_a_queue(point: Point) -> None:
    """No point asks for a message larger than SQS takes."""
    assert tail(point.load)


def test_two_processes_are_held_against_one_of_the_same_round() -> None:
    """A round in which the machine was slow counts for both alike."""
    measured = {
        ("processes", 1): [window(1000), window(500)],
        ("processes", 2): [window(1900, cpu_seconds=1.9), window(950, cpu_seconds=1.9)],
    }

    target = speed_up(measured)

    assert target.met
    assert target.measured == "1.9 by the clock, 2 by CPU second"


def test_memory_is_the_most_of_all_rounds() -> None:
    """A single round above the bound misses the target."""
    target = memory({("submissions held", 2_000): [window(peak_mib=90), window(peak_mib=121)]})

    assert not target.met
    assert target.measured == "121 MiB, 2,000 held"


def test_memory_counts_only_with_that_much_in_flight() -> None:
    """A processor that never had 2,000 submissions in hand says nothing about 2,000."""
    assert memory({("submissions held", 2_000): [window(held=1_990)]}).met
    assert not memory({("submissions held", 2_000): [window(held=700)]}).met
