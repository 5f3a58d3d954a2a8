"""All contenders under all conditions, in turns: `python -m benchmarks.end_to_end [--quick] [--record]`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import report
from benchmarks.end_to_end import figures
from benchmarks.end_to_end.contenders import contenders
from benchmarks.end_to_end.measure import Plan, Run, measure
from benchmarks.run import interpreters
from tools import plots

FOLDER: Final = Path(__file__).parent
QUESTION: Final = "How fast is each contender from queue to stream, at what cost in CPU, and is the order kept?"
COMMAND: Final = "python -m benchmarks.end_to_end"
FULL: Final = Plan(
    rounds=2,
    conditions=[(0.0, 0.0), (0.005, 0.0), (0.005, 0.1), (0.02, 0.0)],
    warm_up_seconds=0.5,
    window_seconds=1.0,
)
QUICK: Final = Plan(rounds=1, conditions=[(0.005, 0.1)], warm_up_seconds=0.3, window_seconds=0.7)


@report.asked
def main(quick: bool, record: bool) -> None:
    """Events/s, CPU per event, and what the oracle says of each contender's stream."""
    runs, missing = _runs(QUICK if quick else FULL)
    rows = [*figures.rows(runs), *_not_installed(missing)]
    report.present(FOLDER, QUESTION, COMMAND, rows, figures.targets(runs), record, interpreters()[0].version)
    print(figures.backend_ceiling(runs))
    if record:
        _plot(runs)


def _runs(plan: Plan) -> tuple[list[Run], Mapping[str, str]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("peers' packages", total=None)
        found, missing = contenders()
        runs = list(plan.runs(found))
        progress.update(task, total=len(runs))
        done = []
        for run in runs:
            progress.update(task, description=f"{run[3].name} at {run[1] * 1000:.0f} ms, {run[2]:.0%} refused")
            done.append(measure(plan, *run))
            progress.advance(task)
    return done, missing


def _not_installed(missing: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"contender": f"{name}: not installed, {reason}"} for name, reason in missing.items()]


def _plot(runs: Sequence[Run]) -> None:
    calm = [row for row in figures.rows(runs) if row["refused_share"] == 0]
    latencies = sorted({row["latency_seconds"] for row in calm})
    speeds = {(row["contender"], row["latency_seconds"]): row["events_per_second"].median for row in calm}
    plots.bars(
        FOLDER / "plot.svg",
        "Queue to stream on one core, nothing refused",
        "latency of each call",
        "events/s",
        [f"{latency * 1000:.0f} ms" for latency in latencies],
        {name: [speeds[name, latency] for latency in latencies] for name, _ in dict.fromkeys(speeds)},
    )


if __name__ == "__main__":
    main()
