"""Where does the time of an event go? `python -m benchmarks.stages`."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any, Final

from rich.progress import track

from benchmarks import container, report
from benchmarks.backend import Conditions, Load, compiler
from benchmarks.report import Row, Spread
from benchmarks.run import CREDENTIALS, TRANSPORTS, Interpreter, interpreters, ours
from benchmarks.stages import columns
from benchmarks.stages.stage import Stage
from tools import plots

QUESTION: Final = "Where does the time of an event go?"
COMMAND: Final = "python -m benchmarks.stages"
FOLDER: Final = Path(__file__).parent
_OTHER: Final = "threads, locks, the rest"


@report.asked
def main(quick: bool, record: bool) -> None:
    """The CPU time of each stage, in µs, by the in-process clock; and what a whole process takes, beside their sum."""
    pythons = interpreters()
    stages = {python: _stages(python, rounds=2 if quick else 10) for python in pythons}
    wholes = _wholes(pythons, rounds=1 if quick else 2, window_seconds=0.5 if quick else 1.5)
    rows = {
        python: [{"python": str(python), **row} for row in _rows(stages[python], wholes[python])] for python in pythons
    }
    report.present(FOLDER, QUESTION, COMMAND, [*chain(*rows.values())], [], record, pythons[0].version)
    if record:
        _plot(rows[pythons[0]])


def _stages(python: Interpreter, rounds: int) -> columns.Columns:
    """Measured by that interpreter: the image's reads this folder, and has a compiled back end there already."""
    if python.image is None:
        return columns.measure(rounds)
    compiler.program()
    mounted = ("--volume", f"{container.ROOT}:/measured:ro", "--workdir", "/measured", "--entrypoint", "python")
    command = container.run_command(python.image, None, CREDENTIALS, *mounted)
    done = subprocess.run(
        [*command, "-m", columns.__name__, str(rounds)],
        env=os.environ | CREDENTIALS,
        stdout=subprocess.PIPE,
        check=True,
    )
    return columns.from_json(done.stdout.decode())


def _wholes(pythons: Sequence[Interpreter], rounds: int, window_seconds: float) -> dict[Interpreter, dict[str, Spread]]:
    """CPU µs an event of a whole process."""
    measured: dict[tuple[Interpreter, str], list[float]] = {each: [] for each in product(pythons, TRANSPORTS)}
    for python, transport in track([*measured] * rounds, "whole processes", transient=True):
        window = ours(Load(60_000, columns.EVENTS), Conditions(), transport, window_seconds, python=python)
        measured[python, transport].append(window.cpu_us_per_event)
    return {
        python: {transport: Spread.of(measured[python, transport]) for transport in TRANSPORTS} for python in pythons
    }


def _rows(stages: Mapping[str, Mapping[str, Stage]], wholes: Mapping[str, Spread]) -> list[Row]:
    floor = stages["floor"]
    rows: list[Row] = [
        {
            "stage": name,
            **{_per_event(transport): stages[transport][name].us_per_event for transport in TRANSPORTS},
            _per_event("floor"): floor[name].us_per_event if name in floor else None,
            "unit": stage.unit,
            "events_per_unit": stage.events / stage.units,
            **{f"{transport}_us_per_unit": stages[transport][name].us_per_unit.median for transport in TRANSPORTS},
        }
        for name, stage in stages[TRANSPORTS[0]].items()
    ]
    sums = {column: sum(stage.us_per_event.median for stage in named.values()) for column, named in stages.items()}
    other: dict[Any, float] = {transport: wholes[transport].median - sums[transport] for transport in TRANSPORTS}
    return [*rows, _total(_OTHER, other, None), _total("whole process", wholes, sums["floor"])]


def _total(name: str, values: Mapping[Any, Any], floor: float | None) -> Row:
    """A row that has no unit but the event."""
    each = {_per_event(transport): values[transport] for transport in TRANSPORTS}
    per_unit = {f"{transport}_us_per_unit": None for transport in TRANSPORTS}
    return {"stage": name, **each, _per_event("floor"): floor, "unit": "", "events_per_unit": None, **per_unit}


def _per_event(column: str) -> str:
    return f"{column}_us_per_event"


def _plot(rows: Sequence[Row]) -> None:
    columns = (*TRANSPORTS, "floor")
    parts = {str(row["stage"]): [_median(row[_per_event(column)]) for column in columns] for row in rows[:-1]}
    plots.stacked_bars(FOLDER / "plot.svg", QUESTION, "transport", "CPU µs an event", columns, parts)


def _median(value: Any) -> float | None:
    return value.median if isinstance(value, Spread) else value


if __name__ == "__main__":
    main()
