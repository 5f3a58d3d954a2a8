"""Records a second, CPU and memory of delivery: `python -m benchmarks.lake [--quick] [--record]`."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.progress import track

from benchmarks import report
from benchmarks.lake.alternatives import cpu_us_per_record
from benchmarks.lake.delivering import Case, Window, delivering
from benchmarks.report import Row, Spread, Target

QUESTION: Final = "How many records a second does a core deliver into the lake and the warehouse?"
COMMAND: Final = "python -m benchmarks.lake"
FOLDER: Final = Path(__file__).parent
_LEAST_PER_SECOND: Final = 15_000
_MOST_MICROSECONDS: Final = 50
_MOST_MEGABYTES: Final = 256
_FULL: Final = Case("raw, Parquet and DuckDB")
_FILES: Final = Case("raw and Parquet", warehouse=False)
_MANY: Final = Case("raw, Parquet and DuckDB, four streams of 16 shards", streams=4, shards=16)
_OTHERS: Final = {
    "a plain consumer: boto3, gzip, PyArrow, DuckDB": "PyArrow",
    "a plain consumer: boto3, an INSERT for each record": "INSERT",
}


@report.asked
def main(quick: bool, record: bool) -> None:
    """The real process on an endless stream, its cases and what one would write oneself in turns."""
    rounds, seconds, warm_up_seconds = (1, 0.5, 0.0) if quick else (1, 6.0, 2.0)
    cases = (replace(_FULL, shards=2),) if quick else (_FULL, _FILES, _MANY)
    measured: dict[Case, list[Window]] = {case: [] for case in cases}
    others: dict[str, list[float]] = {name: [] for name in _OTHERS}
    for _ in track(range(rounds), "lake", transient=True):
        for case in cases:
            with delivering(case) as delivery:
                measured[case].append(delivery.window(seconds, warm_up_seconds))
        for name, store in _OTHERS.items():
            others[name].append(cpu_us_per_record(store, seconds / 4))
    rows = [_row(case, windows) for case, windows in measured.items()]
    rows += [{"what": name, "cpu_us_per_record": Spread.of(costs)} for name, costs in others.items()]
    report.present(FOLDER, QUESTION, COMMAND, rows, targets(measured[cases[0]], measured[cases[-1]]), record)


def _row(case: Case, windows: list[Window]) -> Row:
    return {
        "what": case.name,
        "cpu_us_per_record": Spread.of(window.cpu_us_per_record for window in windows),
        "records_per_cpu_second": Spread.of(1e6 / window.cpu_us_per_record for window in windows),
        "records_per_second": Spread.of(window.records / window.seconds for window in windows),
        "loaded_per_second": Spread.of(window.loaded / window.seconds for window in windows),
        "peak_mb": Spread.of(window.peak_bytes / 1e6 for window in windows),
    }


def targets(full: list[Window], many: list[Window]) -> list[Target]:
    """The bounds that were set before."""
    rate = Spread.of(1e6 / window.cpu_us_per_record for window in full)
    cost = Spread.of(window.cpu_us_per_record for window in full)
    memory = Spread.of(window.peak_bytes / 1e6 for window in many)
    return [
        Target(f"at least {_LEAST_PER_SECOND:,} records a second of CPU", str(rate), rate.median >= _LEAST_PER_SECOND),
        Target(f"at most {_MOST_MICROSECONDS} µs of CPU a record", f"{cost} µs", cost.median <= _MOST_MICROSECONDS),
        Target(
            f"{_MOST_MEGABYTES} MB are enough for four streams of 16 shards",
            f"{memory} MB",
            memory.median <= _MOST_MEGABYTES,
        ),
    ]


if __name__ == "__main__":
    main()
