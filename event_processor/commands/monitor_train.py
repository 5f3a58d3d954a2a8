"""The command that trains models on what people labelled: event-processor monitor train."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from event_processor.bootstrap.monitor_files import files_of, lake_files_of
from event_processor.commands.lake_verify import progress_of
from event_processor.commands.terminal import MONITOR_ENVIRONMENT, amount, complains, quiet_settings, say, show_table
from event_processor.errors import NotReady
from event_processor.lake.layout import raw_folder
from event_processor.lake.raw import record_of
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.ports import Files
from event_processor.monitoring.training import require
from event_processor.settings.monitor import MonitorTrainingSettings

if TYPE_CHECKING:
    from event_processor.monitoring.training.material import Labelled
    from event_processor.monitoring.training.promotion import Board


Bar = Callable[[str, int | None], Callable[[], None]]


@click.command(
    epilog=MONITOR_ENVIRONMENT, short_help="Train models on what was labelled, and promote one that is better."
)
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Write the leaderboard here, too (HTML).")
@complains
def train(page: Path | None) -> int:
    """Train models on the metrics of the lake and on the labels, compare them with the rule and with chance, and
    promote the best if it is clearly better; running monitors take it up within seconds.

    The leaderboard is in MONITOR_STATE: models/leaderboard.json, and .html, which is one page; so is what was trained
    on, by its hash. The same metrics and labels give the same model. Needs the extra `training`.

    Exit codes: 0 trained, whether a model was promoted or not; 1 something cannot be read or written, the extra is
    missing, or there are no metrics; 2 a setting is wrong.
    """
    settings = quiet_settings(MonitorTrainingSettings)
    require()
    from event_processor.monitoring.training import board, history, promotion  # noqa: PLC0415 - an extra

    files, lake = files_of(settings), lake_files_of(settings)
    labels = LabelStore(files).latest()
    with progress_of() as bar:
        found = history.training_set(_records(lake, settings.metrics_stream, bar))
        if not found.metrics:
            raise NotReady(f"no metrics of {settings.metrics_stream} in {settings.lake}")
        history.keep(files, found)
        held = held_board(history.labelled(found, labels), bar)
    html = board.page_of("What finds what people labelled", held.to_json())
    content = promotion.record(files, held, found.sha256, labels.version, labels.to_json(), html)
    if page is not None:
        page.write_bytes(html)
    show_board(held)
    said = f"training set {found.sha256[:8]}, labels version {labels.version}"
    say(f"{said}, model {content['model_sha256'][:8]}" if content["model_sha256"] else said, err=True)
    return 0


def held_board(series: "list[Labelled]", bar: Bar, deals: int = 1) -> "Board":
    """All contestants, on these series, which are dealt out to folds so many times."""
    from event_processor.monitoring.training import contest, promotion  # noqa: PLC0415 - an extra
    from event_processor.monitoring.training.material import material  # noqa: PLC0415 - an extra

    step, made = bar("features", len(series)), []
    for each in series:
        made.append(material(each))
        step()
    seeds = range(deals)
    trained = bar("models", contest.steps(seeds))
    return promotion.hold(made, seeds, step=lambda _name: trained())


def show_board(held: "Board") -> None:
    """As a table, and the decision in a line."""
    from event_processor.monitoring.training import board  # noqa: PLC0415 - an extra

    content = held.to_json()
    show_table(board.HEADS, [board.cells(row) for row in content["rows"]])
    say(f"{held.series:,} series, {amount(held.buckets, 'bucket')}, {amount(held.incidents, 'incident')}")
    verdict = "promoted" if held.decision.promoted else "not promoted"
    say(f"{verdict}: {held.decision.name}: {held.decision.why}")


def _records(lake: Files, stream: str, bar: Bar) -> Iterator[bytes]:
    """The payloads of all raw records of the stream. Raises CallFailed, and NotReady for a file that is damaged."""
    names = [name for name in lake.names(raw_folder(stream)) if name.endswith(".ndjson.gz")]
    step = bar("metrics", len(names))
    for name in names:
        try:
            yield from [record_of(line).data for line in gzip.decompress(lake.get(name)).splitlines()]
        except (ValueError, OSError, EOFError, zlib.error) as error:
            raise NotReady(f"{name} in the lake is damaged: {error}; see `event-processor lake verify`") from None
        step()
