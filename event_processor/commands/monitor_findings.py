"""The commands about what was found: event-processor monitor findings | snooze | acknowledge."""

from datetime import UTC, datetime
from math import isfinite

import click

from event_processor.bootstrap.monitor_files import files_of
from event_processor.commands.monitor_labels import me, moment
from event_processor.commands.terminal import MONITOR_ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.errors import SettingsError
from event_processor.monitoring.hushes import HushStore
from event_processor.monitoring.known import stored_incidents
from event_processor.settings.monitor import MonitorCommandSettings


@click.command(epilog=MONITOR_ENVIRONMENT, short_help="Show what was found, open findings first.")
@click.option("--open", "only_open", is_flag=True, help="Only open findings.")
@complains
def findings(only_open: bool) -> int:
    """Show the findings, open ones first, as the monitor stored them some seconds ago.

    Exit codes: 0 shown; 1 the state cannot be read; 2 a setting is wrong.
    """
    files = files_of(quiet_settings(MonitorCommandSettings))
    found = [each for each in stored_incidents(files) if each.is_open or not only_open]
    hushes = HushStore(files).latest()
    rows = []
    for each in found:
        state = "acknowledged" if each.is_new and each.id in hushes.acknowledged else each.state
        why = each.latest.reasons[0] if each.latest.reasons else ""
        rows.append((each.id, moment(each.start), each.first.series.key, each.latest.severity, state, why))
    show_table(("finding", "from", "series", "severity", "state", "why"), rows)
    return 0


@click.command(epilog=MONITOR_ENVIRONMENT, short_help="Mute some series for a while.")
@click.argument("series")
@click.option("--hours", type=click.FloatRange(0, 24 * 366), default=4.0, show_default=True, help="0 ends a snooze.")
@click.option("--author", default=None, help="Who says so; by default you.")
@complains
def snooze(series: str, hours: float, author: str | None) -> int:
    """Mute findings of SERIES, which may have * for any text, for a while. They are still judged and
    shown, and whatever is still wrong at the end is told then.

    Exit codes: 0 snoozed; 1 that cannot be stored; 2 a setting is wrong.
    """
    if not isfinite(hours):
        raise SettingsError(f"--hours: was {hours}; allowed: hours, at most a year of them")
    now = int(datetime.now(UTC).timestamp())
    until = now + round(hours * 3600)
    files = files_of(quiet_settings(MonitorCommandSettings))
    try:
        HushStore(files).snooze(series, until, author if author is not None else me(), now)
    except ValueError:
        raise SettingsError("SERIES, --author: allowed: texts of at most 500 characters") from None
    say(f"{series} is snoozed until {moment(until)} UTC" if hours else f"{series} is no longer snoozed")
    return 0


@click.command(epilog=MONITOR_ENVIRONMENT, short_help="Say that somebody is working on a finding.")
@click.argument("finding", metavar="ID")
@click.option("--author", default=None, help="Who says so; by default you.")
@complains
def acknowledge(finding: str, author: str | None) -> int:
    """Say that somebody is working on a finding: no more reminders, but people are told when it ends.

    Exit codes: 0 acknowledged; 1 there is no such finding, or that cannot be stored; 2 a setting is wrong.
    """
    files = files_of(quiet_settings(MonitorCommandSettings))
    found = next((each for each in stored_incidents(files) if each.id == finding), None)
    if found is None:
        say(f"event-processor: no finding {finding}; `event-processor monitor findings` lists them", err=True)
        return 1
    now = int(datetime.now(UTC).timestamp())
    try:
        HushStore(files).acknowledge(finding, author if author is not None else me(), now)
    except ValueError:
        raise SettingsError("--author: allowed: a text of at most 500 characters") from None
    say(f"{found.first.series.key}: no more reminders; people are told when it ends")
    return 0
