"""How do speed and memory grow with depth, parallelism and size? `python -m benchmarks.growth`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.progress import track

from benchmarks import report
from benchmarks.growth.axes import HELD, Point, few, points
from benchmarks.report import Row, Spread, Target
from benchmarks.run import BACKEND_CORE, CLIENT_CORE, Window, interpreters, ours
from event_processor.settings.values import MIB
from tools import plots

QUESTION: Final = "How do speed and memory grow with depth, parallelism and size?"
COMMAND: Final = "python -m benchmarks.growth"
FOLDER: Final = Path(__file__).parent
_TRANSPORT: Final = "lean"
_MEMORY_MIB: Final = 120
_HELD: Final = 2_000
_NEARLY: Final = 0.95  # a receive reserves room before it knows how much it brings
_SPEED_UP: Final = 1.8

Measured = dict[tuple[str, int], list[Window]]


@report.asked
def main(quick: bool, record: bool) -> None:
    """One axis at a time, on the lean transport at 5 ms a call; everything else as at the starting point."""
    measured = _measure(few(), 1, 0.2) if quick else _measure(list(points()), 1, 0.7)
    rows = [_row(*place, windows) for place, windows in measured.items()]
    targets = [memory(measured), speed_up(measured)]
    report.present(FOLDER, QUESTION, COMMAND, rows, targets, record, interpreters()[0].version)
    if record:
        _plot(rows)


def _measure(places: Sequence[Point], rounds: int, window_seconds: float) -> Measured:
    measured: Measured = {(point.axis, point.value): [] for point in places}
    for point in track([*places] * rounds, "growth", transient=True):
        measured[point.axis, point.value].append(_run(point, window_seconds))
    return measured


def _run(point: Point, window_seconds: float) -> Window:
    """With as many cores as processes; on the processes' axis the back end has no core of its own."""
    alone = point.axis != "processes"
    return ours(
        point.load,
        point.conditions,
        _TRANSPORT,
        point.window * window_seconds,
        point.warm_up * window_seconds / 2,
        cores=(CLIENT_CORE, BACKEND_CORE)[: point.processes],
        backend_core=BACKEND_CORE if alone else None,
        python=interpreters()[0],
        **point.environment,
    )


def _row(axis: str, value: int, windows: Iterable[Window]) -> Row:
    each = list(windows)
    return {
        "axis": axis,
        "value": value,
        "events_per_second": Spread.of(window.events_per_second for window in each),
        "cpu_us_per_event": Spread.of(window.cpu_us_per_event for window in each),
        "events_per_put": Spread.of(window.events_per_put for window in each).median,
        "held": Spread.of(window.held for window in each).median,
        "peak_mib": Spread.of(window.peak_bytes / MIB for window in each),
        "backend_share_of_a_core": Spread.of(window.backend_share for window in each).median,
    }


def memory(measured: Measured) -> Target:
    """With a stream that takes less than the queue gives: only then all that may be in flight is."""
    windows = measured[HELD, _HELD]
    peak = max(window.peak_bytes for window in windows) / MIB
    held = min(window.held for window in windows)
    text = f"memory within {_MEMORY_MIB} MiB at {_HELD:,} submissions in flight"
    return Target(text, f"{peak:.0f} MiB, {held:,} held", peak <= _MEMORY_MIB and held >= _NEARLY * _HELD)


def speed_up(measured: Measured) -> Target:
    """Of a second process on a second core, round by round."""
    one, two = (measured["processes", number] for number in (1, 2))
    by_clock = Spread.of(b.events_per_second / a.events_per_second for a, b in zip(one, two, strict=True))
    by_cpu = Spread.of(2 * a.cpu_us_per_event / b.cpu_us_per_event for a, b in zip(one, two, strict=True))
    text = f"two processes on two cores at least {_SPEED_UP} times one, the back end sharing those cores"
    return Target(text, f"{by_clock} by the clock, {by_cpu} by CPU second", by_clock.median >= _SPEED_UP)


def _plot(rows: Sequence[Row]) -> None:
    """One plot an axis: what it is about differs."""
    for axis in dict.fromkeys(row["axis"] for row in rows):
        those = [row for row in rows if row["axis"] == axis]
        plots.lines(
            FOLDER / f"{axis.replace(' ', '_')}.svg",
            f"Events/s and CPU by {axis}",
            axis,
            "events/s",
            [f"{row['value']:,}" for row in those],
            {"events/s": [row["events_per_second"].median for row in those]},
            {"CPU µs an event (right)": [row["cpu_us_per_event"].median for row in those]},
        )


if __name__ == "__main__":
    main()
