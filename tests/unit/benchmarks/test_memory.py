"""benchmarks.memory: what counts as growth."""

from collections.abc import Callable

from benchmarks.memory.__main__ import growth, most, rows
from benchmarks.memory.samples import Sample


def run(memory: Callable[[int], float]) -> list[Sample]:
    """Two hours, a sample a minute."""
    return [Sample(minute, 10 + memory(minute), memory(minute), memory(minute), minute) for minute in range(121)]


def test_a_plateau_is_no_growth() -> None:
    """What a start takes, and caches that fill within the first half, are not held against it."""
    target = growth(run(lambda minute: 60 + min(minute, 40)))

    assert target.met
    assert target.measured == "+0.00 MiB"


def test_a_leak_is_growth() -> None:
    """Three MiB an hour are found, though a single sample says little."""
    assert not growth(run(lambda minute: 60 + minute / 20 + minute % 2)).met


def test_the_peak_counts() -> None:
    """One sample above the bound is one too many."""
    assert most(run(lambda _: 90)).met
    assert not most(run(lambda minute: 101 if minute == 7 else 90)).met


def test_the_table_has_the_first_and_the_last() -> None:
    """A reader sees where it began and where it ended."""
    shown = [row["minute"] for row in rows(run(lambda _: 60))]

    assert (shown[0], shown[-1]) == (0, 120)
    assert len(shown) < 15
