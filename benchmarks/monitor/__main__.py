"""Metrics a minute, memory and time to store of the monitor: `python -m benchmarks.monitor`."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import report
from benchmarks.monitor.running import Measured, Run
from benchmarks.report import Row, Target

QUESTION: Final = "How many metrics a minute does a core judge and store, and with how much memory?"
COMMAND: Final = "python -m benchmarks.monitor"
FOLDER: Final = Path(__file__).parent
_MIB: Final = 1024 * 1024
_WANTED: Final = 10_000  # metrics a minute
_SERIES: Final = 2_000
_FEW: Final = 50
_KEPT: Final = 512  # buckets of a series that are remembered


@report.asked
def main(quick: bool, record: bool) -> None:
    """A few series until they remember all they may, and longer; then many for a while."""
    few = _measured(20 if quick else _FEW, [5, 5] if quick else [_KEPT, 100, 200])
    many = _measured(100 if quick else _SERIES, [2, 2] if quick else [32, 5])
    names = [f"{_SERIES:,} series, warming up", f"{_SERIES:,} series, with a baseline"]
    names += [f"{_FEW} series, their first {_KEPT} buckets", f"{_FEW} series, 100 more", f"{_FEW} series, 200 more"]
    series = [_SERIES] * len(many) + [_FEW] * len(few)
    rows = [_row(*each) for each in zip(names, series, [*many, *few], strict=False)]
    report.present(FOLDER, QUESTION, COMMAND, rows, _targets(many, few), record)


def _measured(series: int, minutes: list[int]) -> list[Measured]:
    with TemporaryDirectory() as folder:
        run = Run(series, Path(folder))
        return [run.minutes(number) for number in minutes]


def _row(name: str, series: int, measured: Measured) -> Row:
    return {
        "what": name,
        "cpu_us_per_metric": 1e6 * measured.cpu_seconds / series,
        "cpu_seconds_per_minute": measured.cpu_seconds,
        "longest_turn_ms": measured.longest_turn_seconds * 1000,
        "memory_mib": measured.memory_bytes / _MIB,
        "state_kib_per_series": measured.state_bytes / series / 1024,
        "incidents": measured.incidents,
    }


def _targets(many: list[Measured], few: list[Measured]) -> list[Target]:
    cpu = max(many[-1].cpu_seconds / _SERIES, few[-1].cpu_seconds / _FEW) * _WANTED
    full, later = (each.memory_bytes / _MIB for each in (few[0], few[-1]))
    return [
        Target(f"{_WANTED:,} metrics judged and stored a minute on one core", f"{cpu:.1f} s of CPU", cpu < 60),
        Target("memory is flat once the series are full", f"{full:.0f}, then {later:.0f} MiB", later < full * 1.05),
    ]


if __name__ == "__main__":
    main()
