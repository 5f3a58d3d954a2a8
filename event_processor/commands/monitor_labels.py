"""The commands that say what values are: event-processor monitor label | labels."""

import getpass
from datetime import UTC, datetime
from pathlib import Path

import click

from event_processor.bootstrap.rejects import lake_of
from event_processor.bootstrap.runtime import make_clients
from event_processor.commands.terminal import MONITOR_ENVIRONMENT, amount, complains, quiet_settings, say, show_table
from event_processor.errors import SettingsError
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import Label, LabelState, read_csv
from event_processor.monitoring.ports import Files
from event_processor.settings.monitor import MonitorCommandSettings
from event_processor.telling import FanOut

_STATES = [state.value for state in LabelState]


@click.command(epilog=MONITOR_ENVIRONMENT, short_help="Say what values are: an anomaly, expected, maintenance.")
@click.argument("series", metavar="SERIES|import")
@click.argument("state", metavar="STATE|FILE")
@click.option("--from", "start", help="The first moment, such as 2026-01-02T03:00Z.")
@click.option("--to", "end", help="The moment behind the last one.")
@click.option("--note", default="", help="Why, for whoever reads it later.")
@click.option("--author", default=None, help="Who says so; you, if not given.")
@complains
def label(series: str, state: str, start: str | None, end: str | None, note: str, author: str | None) -> int:
    """Say what the values of a series were: an `anomaly`, `expected`, or `maintenance`; `unknown` takes that back.

    SERIES may have * for any text. `monitor label import FILE` takes a CSV file with the columns series, start, end
    and state, and perhaps author and note. Each call makes a new version of the set of labels, which a running monitor
    takes up within seconds.

    Exit codes: 0 labelled; 1 the labels cannot be read or written; 2 a setting or an argument is wrong.
    """
    settings = quiet_settings(MonitorCommandSettings)
    now, who = int(datetime.now(UTC).timestamp()), author if author is not None else _me()
    if series == "import":
        new = _imported(Path(state), who, now)
    else:
        new = [_label(series, state, start, end, who, note, now)]
    made = LabelStore(files_of(settings)).add(new)
    say(f"{amount(len(new), 'label')} added; version {made.version} has {amount(len(made.labels), 'label')}")
    return 0


@click.command(epilog=MONITOR_ENVIRONMENT, short_help="Show the labels that count.")
@complains
def labels() -> int:
    """Show the labels that count, the newest first.

    Exit codes: 0 shown; 1 they cannot be read; 2 a setting is wrong.
    """
    found = LabelStore(files_of(quiet_settings(MonitorCommandSettings))).latest()
    rows = [
        (each.series, _moment(each.start), _moment(each.end), each.state.value, each.author, each.note)
        for each in reversed(found.labels)
    ]
    show_table(("series", "from", "to", f"state (version {found.version})", "author", "note"), rows)
    return 0


def files_of(settings: MonitorCommandSettings) -> Files:
    """The objects of MONITOR_STATE; a folder needs nothing of AWS."""
    return lake_of(settings.monitor_state, lambda: make_clients(settings), FanOut(), pool=1)


def _label(series: str, state: str, start: str | None, end: str | None, author: str, note: str, now: int) -> Label:
    if state not in _STATES:
        raise SettingsError(f"STATE: was {state!r}; allowed: {', '.join(_STATES)}")
    first, last = _seconds("--from", start), _seconds("--to", end)
    if first >= last:
        raise SettingsError(f"--to: was {end!r}; allowed: a time behind --from")
    return Label(series, first, last, LabelState(state), author, note, now)


def _imported(path: Path, author: str, now: int) -> list[Label]:
    try:
        return read_csv(path.read_text(encoding="utf-8-sig"), author, now)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from None


def _seconds(option: str, text: str | None) -> int:
    if text is None:
        raise SettingsError(f"{option}: not given; allowed: a time such as 2026-01-02T03:00Z")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{option}: was {text!r}; allowed: a time such as 2026-01-02T03:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
