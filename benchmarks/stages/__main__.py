"""Where does the time of an event go? `python -m benchmarks.stages`."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, redirect_stderr
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

import click
from rich.progress import Progress

from benchmarks import report
from benchmarks.backend import Backend, Conditions, Load
from benchmarks.report import Row, Spread
from benchmarks.run import CLIENT_CORE, CREDENTIALS, TRANSPORTS, on_core, ours
from benchmarks.stages.calls import Calls
from benchmarks.stages.core import Sample, core_stages
from benchmarks.stages.floor import Floor, Wire
from benchmarks.stages.stage import Stage, interleaved
from benchmarks.stages.transports import adapters, queue_url
from event_processor.telemetry import logs
from tools import plots

QUESTION: Final = "Where does the time of an event go?"
COMMAND: Final = "python -m benchmarks.stages"
FOLDER: Final = Path(__file__).parent
_EVENTS: Final = 5  # a submission
_OTHER: Final = "threads, locks, the rest"


@click.command()
@click.option("--quick", is_flag=True, help="Only see that it runs.")
@click.option("--record", is_flag=True, help="Rewrite result.json, plot.svg and the README's table.")
def main(quick: bool, record: bool) -> None:
    """The CPU time of each stage, in µs, by the in-process clock; and what a whole process takes, beside their sum."""
    os.environ |= CREDENTIALS
    stages = _stages(rounds=2 if quick else 15)
    wholes = _wholes(rounds=1 if quick else 3, window_seconds=0.5 if quick else 3.0)
    rows = _rows(stages, wholes)
    report.present(FOLDER, QUESTION, COMMAND, rows, [], record)
    if record:
        _plot(rows)


def _stages(rounds: int) -> dict[str, dict[str, Stage]]:
    """By column (a transport, or the floor) and name. What makes no call is the same for both transports."""
    with ExitStack() as running:
        running.enter_context(on_core(CLIENT_CORE))
        log = running.enter_context(TemporaryFile("w"))
        running.enter_context(redirect_stderr(log))
        logs.configure("INFO", "json")
        backend = running.enter_context(Backend(Load(2000 + 1500 * (rounds + 1), _EVENTS)))
        columns = _columns(backend, running)
        every = [stage for column in columns.values() for stage in column]
        interleaved(every, rounds)
    core = {stage.name: stage for stage in columns.pop("core")}
    named = {name: {stage.name: stage for stage in column} for name, column in columns.items()}
    return {name: column if name == "floor" else column | core for name, column in named.items()}


def _columns(backend: Backend, running: ExitStack) -> dict[str, list[Stage]]:
    each = {transport: adapters(transport, backend) for transport in TRANSPORTS}
    source = each["boto3"][0]
    sample = Sample.of([delivery for _ in range(200) for delivery in source.receive()])
    heads = [records[0] for records in sample.records][:500]
    wire = Wire(backend.endpoint)
    running.callback(wire.close)
    return {
        **{transport: Calls(*pair, heads).stages(_EVENTS) for transport, pair in each.items()},
        "floor": Floor(wire, queue_url(backend), sample, heads).stages(),
        "core": core_stages(sample),
    }


def _wholes(rounds: int, window_seconds: float) -> dict[str, Spread]:
    """CPU µs an event of a whole process."""
    measured: dict[str, list[float]] = {transport: [] for transport in TRANSPORTS}
    with Progress(transient=True) as progress:
        task = progress.add_task("whole processes", total=rounds * len(TRANSPORTS))
        for _ in range(rounds):
            for transport, values in measured.items():
                window = ours(Load(60_000, _EVENTS), Conditions(), transport, window_seconds)
                values.append(window.cpu_us_per_event)
                progress.advance(task)
    return {transport: Spread.of(values) for transport, values in measured.items()}


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
