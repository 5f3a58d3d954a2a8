"""The commands that say what values are: event-processor monitor label | labels."""

import csv
import getpass
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from event_processor.bootstrap.monitor_files import files_of
from event_processor.commands.terminal import MONITOR_ENVIRONMENT, amount, complains, quiet_settings, say, show_table
from event_processor.errors import SettingsError
from event_processor.monitoring.known import incident_label, stored_incidents
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import Label, LabelState, label_of, read_csv
from event_processor.settings.monitor import MonitorCommandSettings

_STATES: Final = [state.value for state in LabelState]
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@click.command(epilog=MONITOR_ENVIRONMENT, short_help="Say what values are: an anomaly, expected, maintenance.")
@click.argument("series", metavar="ID|SERIES|import")
@click.argument("state", metavar="STATE|FILE")
@click.option("--from", "start", help="The start, such as 2026-01-02T03:00Z.")
@click.option("--to", "end", help="The end, which is not included.")
@click.option("--note", default="", help="Why, for whoever reads it later.")
@click.option("--author", default=None, help="Who says so; by default you.")
@complains
def label(series: str, state: str, start: str | None, end: str | None, note: str, author: str | None) -> int:
    """Say what values were: an `anomaly`, `expected`, or `maintenance`; `unknown` takes that back.

    With the ID of a finding the label is for all its buckets so far: `monitor label ID expected`. With a SERIES,
    which may have * for any text, it is for the time from --from to --to. `monitor label import FILE` takes a CSV
    file with the columns series, start, end and state, and perhaps author and note. Each call makes a new version
    of the set of labels, which a running monitor takes up within seconds.

    Exit codes: 0 labelled; 1 no such finding, or the labels cannot be read or written; 2 a setting or an argument is
    wrong.
    """
    files = files_of(quiet_settings(MonitorCommandSettings))
    now, who = int(datetime.now(UTC).timestamp()), author if author is not None else me()
    if series == "import":
        new = _imported(Path(state), who, now)
    elif _UUID.fullmatch(series):
        found = next((each for each in stored_incidents(files) if each.id == series), None)
        if found is None:
            say(f"event-processor: no finding {series}; `event-processor monitor findings` lists them", err=True)
            return 1
        new = [_checked(lambda: incident_label(found, _state(state), who, note, now))]
    else:
        new = [_label(series, state, start, end, who, note, now)]
    store = LabelStore(files)
    before = len(store.latest().labels)
    made = store.add(new)
    if all(each.state is LabelState.UNKNOWN for each in new):
        done = f"{amount(max(0, before - len(made.labels)), 'label')} taken back"
    else:
        done = f"{amount(len(new), 'label')} added"
    say(f"{done}; version {made.version} has {amount(len(made.labels), 'label')}")
    return 0


@click.command(epilog=MONITOR_ENVIRONMENT, short_help="Show the labels in force.")
@complains
def labels() -> int:
    """Show the labels in force, the newest first.

    Exit codes: 0 shown; 1 they cannot be read; 2 a setting is wrong.
    """
    found = LabelStore(files_of(quiet_settings(MonitorCommandSettings))).latest()
    rows = [
        (each.series, moment(each.start), moment(each.end), each.state.value, each.author, each.note)
        for each in reversed(found.labels)
    ]
    show_table(("series", "from", "to", f"state (version {found.version})", "author", "note"), rows)
    return 0


def _label(series: str, state: str, start: str | None, end: str | None, author: str, note: str, now: int) -> Label:
    wanted = _state(state)
    first, last = _seconds("--from", start), _seconds("--to", end)
    if first >= last:
        raise SettingsError(f"--to: was {end!r}; allowed: a time after --from")
    return _checked(lambda: label_of(series, first, last, wanted, author, note, now))


def _checked(make: Callable[[], Label]) -> Label:
    try:
        return make()
    except ValueError as error:
        raise SettingsError(f"label: {error}") from None


def _state(text: str) -> LabelState:
    if text not in _STATES:
        raise SettingsError(f"STATE: was {text!r}; allowed: {', '.join(_STATES)}")
    return LabelState(text)


def _imported(path: Path, author: str, now: int) -> list[Label]:
    try:
        found = read_csv(path.read_text(encoding="utf-8-sig"), author, now)
    except (ValueError, csv.Error) as error:
        raise SettingsError(f"{path}: {error}") from None
    if not found:
        raise SettingsError(f"{path}: has no labels; allowed: a CSV file with the columns series, start, end and state")
    return found


def _seconds(option: str, text: str | None) -> int:
    if text is None:
        raise SettingsError(f"{option}: not given; allowed: a time such as 2026-01-02T03:00Z")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{option}: was {text!r}; allowed: a time such as 2026-01-02T03:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def moment(seconds: int) -> str:
    """As it is shown, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def me() -> str:
    """Who types."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
