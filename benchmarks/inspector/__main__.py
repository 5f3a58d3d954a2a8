"""Records a second, shares of the CPU, lag and memory of the inspector: `python -m benchmarks.inspector`."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.progress import track

from benchmarks import report
from benchmarks.inspector.inspecting import Case, Window, inspecting
from benchmarks.inspector.parts import parts
from benchmarks.report import Row, Spread, Target

QUESTION: Final = "How many records a second does a core inspect, how far behind, and with how much memory?"
COMMAND: Final = "python -m benchmarks.inspector"
FOLDER: Final = Path(__file__).parent
_LEAST_PER_SECOND: Final = 15_000
_MOST_MILLISECONDS: Final = 1000
_MOST_MEGABYTES: Final = 200
_MIB: Final = 1024 * 1024
_FULL: Final = Case("full load")
CASES: Final = (
    _FULL,
    replace(_FULL, name="full load, boto3", transport="boto3"),
    replace(_FULL, name="full load, 1 % with two faults", faulty_percent=1),
    replace(_FULL, name="full load, 1,000 contracts", contracts=1000),
)
HALF: Final = replace(
    _FULL, name="half load, 1,000 contracts", contracts=1000, records_per_second=_LEAST_PER_SECOND / 2
)


@report.asked
def main(quick: bool, record: bool) -> None:
    """The real process on an endless stream of page events, its cases in turns; then the parts in this process."""
    rounds, seconds, warm_up_seconds = (1, 0.5, 0.2) if quick else (2, 2.0, 1.0)
    half = replace(HALF, contracts=10) if quick else HALF  # to publish a thousand durably takes its time
    cases = (_FULL, half) if quick else (*CASES, half)
    measured: dict[Case, list[Window]] = {case: [] for case in cases}
    for case in track(cases * rounds, "inspector", transient=True):
        with inspecting(case) as inspector:
            measured[case].append(inspector.window(seconds, warm_up_seconds))
    rows = [_row(case, windows) for case, windows in measured.items()] + _shares(measured[_FULL], rounds)
    report.present(FOLDER, QUESTION, COMMAND, rows, targets(measured[_FULL], measured[half]), record)


def _row(case: Case, windows: list[Window]) -> Row:
    is_full = not case.records_per_second
    cost = Spread.of(1e6 / window.records_per_cpu_second for window in windows)
    return {
        "what": case.name,
        "records_per_cpu_second": Spread.of(window.records_per_cpu_second for window in windows),
        "cpu_us_per_record": cost,
        "records_per_second": Spread.of(window.records / window.seconds for window in windows),
        "age_ms": None if is_full else Spread.of(window.mean_age_seconds * 1000 for window in windows),
        "lag_ms": None if is_full else Spread.of(window.lag_seconds * 1000 for window in windows),
        "peak_mib": Spread.of(window.memory_bytes / _MIB for window in windows),
        "back_end_core_share": Spread.of(window.backend_cpu_seconds / window.seconds for window in windows).median,
    }


def _shares(windows: list[Window], rounds: int) -> list[Row]:
    """The parts, and what a whole process takes beyond them."""
    found = {name: stage.us_per_event.median for name, stage in parts(rounds * 3).items()}
    costs = {
        "call": found["call and JSON"] - found["JSON alone"],
        "JSON": found["JSON alone"],
        "base64 and records": found["call, JSON, base64, records"] - found["call and JSON"],
        "judge": found["judge"],
    }
    whole = Spread.of(1e6 / window.records_per_cpu_second for window in windows).median
    costs["threads, locks, metrics, garbage, the rest"] = whole - sum(costs.values())
    return [{"what": f"part: {name}", "cpu_us_per_record": cost} for name, cost in costs.items()]


def targets(full: list[Window], half: list[Window]) -> list[Target]:
    """The bounds that were set before."""
    rate = Spread.of(window.records_per_cpu_second for window in full)
    age = Spread.of(window.mean_age_seconds * 1000 for window in half)
    lag = Spread.of(window.lag_seconds * 1000 for window in half)
    memory = Spread.of(window.memory_bytes / 1e6 for window in half)
    return [
        Target(
            f"at least {_LEAST_PER_SECOND:,} records a second of CPU",
            str(rate),
            rate.median >= _LEAST_PER_SECOND,
        ),
        Target(
            "at half load less than a second from arrival to verdict, and as little lag",
            f"{age} ms, lag {lag} ms",
            max(age.median, lag.median) < _MOST_MILLISECONDS,
        ),
        Target("at half load with 1,000 contracts below 200 MB", f"{memory} MB", memory.median < _MOST_MEGABYTES),
    ]


if __name__ == "__main__":
    main()
