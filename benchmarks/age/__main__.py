"""How old is a submission when its last event is acknowledged, at half load? `python -m benchmarks.age`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.progress import track

from benchmarks import report
from benchmarks.age.cases import EVENTS, Ages, Case, measure
from benchmarks.report import Row, Spread, Target
from benchmarks.run import AT_HAND, TRANSPORTS, Interpreter, interpreters
from tools import plots

QUESTION: Final = "How old is a submission when its last event is acknowledged, at half load?"
COMMAND: Final = "python -m benchmarks.age"
FOLDER: Final = Path(__file__).parent
ROUND_TRIPS: Final = {0.005: 11, 0.02: 10}  # the most, by the time of a call
FLOOR: Final = 1 + EVENTS  # a receive, and a wave for each event


def cases(python: Interpreter = AT_HAND) -> list[Case]:
    """Near and far, by both transports."""
    return [
        Case(transport, latency_seconds, receivers, python)
        for latency_seconds, receivers in ((0.005, 4), (0.02, 16))
        for transport in TRANSPORTS
    ]


@report.asked
def main(quick: bool, record: bool) -> None:
    """Half of what the processor can do is sent to it, evenly: what is left to wait for?"""
    rounds, warm_up_seconds, window_seconds = (1, 0.5, 0.5) if quick else (2, 0.7, 2.0)
    python = interpreters()[0]
    every = cases(python)
    measured: dict[Case, list[Ages]] = {case: [] for case in every}
    for case in track(every * rounds, "age", transient=True):
        measured[case].append(measure(case, warm_up_seconds, window_seconds))
    rows = [_row(case, ages) for case, ages in measured.items()]
    targets = [target(case, ages) for case, ages in measured.items()]
    report.present(FOLDER, QUESTION, COMMAND, rows, targets, record, python.version)
    if record:
        _plot(measured)


def _row(case: Case, measured: Sequence[Ages]) -> Row:
    return {
        "transport": case.transport,
        "latency_ms": case.latency_seconds * 1000,
        "receivers": case.receivers,
        "full_events_per_second": Spread.of(ages.full_events_per_second for ages in measured),
        "half_events_per_second": Spread.of(ages.half.events_per_second for ages in measured),
        "p50_ms": Spread.of(ages.p50_seconds * 1000 for ages in measured),
        "p99_ms": Spread.of(ages.p99_seconds * 1000 for ages in measured),
        "max_ms": Spread.of(ages.max_seconds * 1000 for ages in measured),
        "p99_round_trips": round_trips(case, measured),
        "events_per_put": Spread.of(ages.half.events_per_put for ages in measured).median,
        "cpu_us_per_event": Spread.of(ages.half.cpu_us_per_event for ages in measured),
        "core_share": Spread.of(ages.half.cpu_seconds / ages.half.seconds for ages in measured).median,
    }


def round_trips(case: Case, measured: Sequence[Ages]) -> Spread:
    """The 99th percentile of the ages, in round trips."""
    return Spread.of(ages.p99_seconds / case.latency_seconds for ages in measured)


def target(case: Case, measured: Sequence[Ages]) -> Target:
    """The bound that was set before."""
    trips, most = round_trips(case, measured), ROUND_TRIPS[case.latency_seconds]
    text = f"{case.transport} at {case.latency_seconds * 1000:.0f} ms: age p99 under {most} round trips"
    return Target(text, f"{trips}, of which {FLOOR} are the floor", trips.median < most)


def _plot(measured: dict[Case, list[Ages]]) -> None:
    labels = [f"{case.transport}, {case.latency_seconds * 1000:.0f} ms" for case in measured]
    percentiles = {
        "p50": [_trips(case, [one.p50_seconds for one in ages]) for case, ages in measured.items()],
        "p99": [round_trips(case, ages).median for case, ages in measured.items()],
        "the least there can be": [float(FLOOR)] * len(labels),
    }
    plots.bars(FOLDER / "plot.svg", QUESTION, "transport, time of a call", "round trips", labels, percentiles)


def _trips(case: Case, seconds: Sequence[float]) -> float:
    return Spread.of(seconds).median / case.latency_seconds


if __name__ == "__main__":
    main()
