"""The commands for rejects: event-processor rejects list | show | replay (docs/rejects.md)."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from pathlib import Path
from typing import Any, Final, Literal

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from event_processor.bootstrap.rejects import reject_archive, reject_sender
from event_processor.bootstrap.runtime import Runtime, make_runtime
from event_processor.clock import SystemClock
from event_processor.commands.filter_program import run_filter
from event_processor.commands.terminal import ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.errors import NotReady, SettingsError
from event_processor.rejects.ports import Archive
from event_processor.rejects.records_again import line_of_record
from event_processor.rejects.replay import ReplayPlan, Sender, plan_replay
from event_processor.rejects.selection import Cause, Group, Release, Selection, device_of, grouped
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.settings.values import LAKE
from event_processor.submissions.again import SubmissionsAgain
from event_processor.submissions.repair import repairable_line
from event_processor.submissions.written_event import RecordRules

_MOST_SHOWN: Final = 20
_MOST_RELEASES: Final = 3  # in a cell
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
Command = Callable[..., Any]


def _moment(text: str) -> datetime:
    if span := re.fullmatch(r"(\d{1,4})([mhd])", text):
        return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a time (2026-01-02T03:04Z) nor a span (90m, 2h, 3d)") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _store_options(command: Command) -> Command:
    options = (
        click.option("--store", type=click.Choice(["file", "sqs", "lake"]), help="Use this store instead of REJECTS."),
        click.option(
            "--file",
            type=click.Path(path_type=Path),
            help="Use this file instead of REJECTS_FILE; implies --store file.",
        ),
        click.option("--queue", help="Use this queue instead of REJECTS_QUEUE; implies --store sqs."),
        click.option("--lake", help="Use this lake instead of LAKE; implies --store lake."),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


@click.group()
def rejects() -> None:
    """Look at what was rejected, repair it, and publish it."""


@rejects.command("list", epilog=ENVIRONMENT)
@_store_options
@click.option(
    "--by", type=click.Choice(["cause", "device"]), default="cause", help="What the rejects of a group share."
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output: a list of groups.")
@complains
def list_command(by: Literal["cause", "device"], as_json: bool, **store: Any) -> int:
    """Group the rejects by cause, the largest group first, with the versions of the senders, each since when.

    The cause is contract, reason and place of the first fault; `--by device` tells who is wrong most often instead.

    Each reject counts once, however often its message was delivered.
    """
    settings = _settings(**store)
    with _opened(settings, make_runtime(settings)) as archive:
        groups = grouped(archive.read(), archive.is_replayed, Cause.of if by == "cause" else device_of)
    names = Cause._fields if by == "cause" else ("device",)
    if as_json:
        click.echo(json.dumps([dict(zip(names, key, strict=True)) | _group_as_json(group) for key, group in groups]))
    else:
        _show_groups(names, groups)
    return 0


@rejects.command(epilog=ENVIRONMENT)
@click.argument("reject_id")
@_store_options
@complains
def show(reject_id: str, **store: Any) -> int:
    """Print one reject in full, payload included, as JSON; `document` is the original decoded.

    Exit codes: 0 found; 1 not.
    """
    settings = _settings(**store)
    with _opened(settings, make_runtime(settings)) as archive:
        found = next((kept for kept in archive.read() if kept.reject_id == reject_id), None)
    if found is None:
        say(f"event-processor: no reject has the id {reject_id}", err=True)
        return 1
    click.echo(
        json.dumps(
            found.as_stored()
            | {"document": json.loads(line_of_record(found) if found.is_record else repairable_line(found))},
            indent=2,
        )
    )
    return 0


@rejects.command(epilog=ENVIRONMENT)
@_store_options
@click.option("--reason", multiple=True, help="Only rejects with this reason. May be repeated, as may the next two.")
@click.option(
    "--pointer", multiple=True, help="Only rejects at this place, as `list` shows it: /events/new_process/*/cmdl."
)
@click.option("--id", "ids", multiple=True, help="Only the reject with this id.")
@click.option(
    "--since", type=_moment, metavar="TIME", help="Only rejects received since: 2026-01-02T03:04Z, or 90m, 2h, 3d ago."
)
@click.option(
    "--fix", metavar="PROGRAM", help="Filter: reads a line of JSON, writes the repaired line, or null to leave it."
)
@click.option("--dry-run", is_flag=True, help="Do everything except sending.")
@complains
def replay(
    reason: tuple[str, ...],
    pointer: tuple[str, ...],
    ids: tuple[str, ...],
    since: datetime | None,
    fix: str | None,
    dry_run: bool,
    **store: Any,
) -> int:
    """Publish rejected events after all: only these, not their siblings, and each only once.

    Each is repaired by the --fix program, if given, then checked as usual. It gets the event_id and the sequence it
    always had. What was acknowledged is remembered (file) or deleted (sqs), so a second replay sends nothing.

    One replay of a store at a time: another one is refused.

    Exit codes: 0 all were published, or left out by the filter; 1 some are still invalid, or something failed.
    """
    settings = _settings(**store)
    runtime = make_runtime(settings)
    selection = Selection(frozenset(reason), frozenset(pointer), frozenset(ids), since)
    stream = runtime.resources_once.stream(settings.stream_name)
    if stream.ignores_partition_keys:
        raise NotReady(f"stream {stream.name} ignores partition keys: no order is possible")
    with _opened(settings, runtime, alone=not dry_run) as archive:
        selected = [kept for kept in archive.read() if selection.takes(kept)]
        fresh = [kept for kept in selected if not archive.is_replayed(kept.reject_id)]
        rules = RecordRules(settings.partition_key, stream.record_limit_bytes, runtime.event_types)
        made = plan_replay(fresh, partial(run_filter, fix) if fix else None, SubmissionsAgain(rules, SystemClock()))
        _say_plan(made, len(selected), len(selected) - len(fresh))
        if not dry_run:
            _send(reject_sender(runtime, stream), made, archive)
    say(f"{'would publish' if dry_run else 'published'} {made.records} events of {made.rejects} rejects")
    return 1 if made.invalid else 0


def _settings(store: str | None, file: Path | None, queue: str | None, lake: str | None) -> SubmissionsSettings:
    places = {"file": file, "sqs": queue, "lake": lake}
    named = [kind for kind, place in places.items() if place is not None]
    if len(named) > 1:
        raise SettingsError("--file, --queue and --lake: one of them")
    if lake is not None and not re.match(LAKE, lake):
        raise SettingsError(f"--lake: was {lake!r}; allowed: dir:FOLDER or s3://BUCKET/PREFIX")
    chosen = {
        "rejects": store or (named[0] if named else None),
        "rejects_file": file,
        "rejects_queue": queue,
        "lake": lake,
    }
    return quiet_settings().model_copy(update={name: value for name, value in chosen.items() if value is not None})


@contextmanager
def _opened(settings: SubmissionsSettings, runtime: Runtime, *, alone: bool = False) -> Iterator[Archive]:
    """The archive; what is to be known of it is said when it is closed."""
    archive = reject_archive(settings, runtime, alone=alone)
    try:
        with archive:
            yield archive
    finally:
        for warning in archive.warnings:
            say(f"WARNING: {warning}", err=True)


def _group_as_json(group: Group | Release) -> dict[str, Any]:
    told = asdict(group) | {"first_seen": group.first_seen.isoformat(), "last_seen": group.last_seen.isoformat()}
    if isinstance(group, Group):
        told["releases"] = [_group_as_json(release) for release in _by_age(group)]
    return told


def _by_age(group: Group) -> list[Release]:
    return sorted(group.releases.values(), key=lambda release: (release.first_seen, release.version))


def _show_groups(names: Sequence[str], groups: Sequence[tuple[tuple[str | None, ...], Group]]) -> None:
    if not groups:
        say("no rejects")
        return
    rows = []
    for key, group in groups:
        seen = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (group.first_seen, group.last_seen))
        counts = (f"{group.rejects:,}", f"{group.replayed:,}")
        rows.append((*counts, *(part or "-" for part in key), *seen, _releases(group), group.example))
    show_table(("rejects", "replayed", *names, "first seen", "last seen", "versions", "example"), rows)


def _releases(group: Group) -> str:
    """The first ones, since they may have broken it."""
    by_age = _by_age(group)
    shown = [f"{release.version} ({release.rejects:,})" for release in by_age[:_MOST_RELEASES]]
    return ", ".join([*shown, *(["..."] if len(by_age) > _MOST_RELEASES else [])]) or "-"


def _say_plan(made: ReplayPlan, selected: int, replayed_before: int) -> None:
    say(
        f"selected {selected}, replayed before {replayed_before}, left out by the filter {made.dropped}, "
        f"still invalid {len(made.invalid)}"
    )
    for kept, faults in made.invalid[:_MOST_SHOWN]:
        say(f"still invalid: {kept.reject_id}: {faults[0].reason} at {faults[0].pointer or '/'}: {faults[0].detail}")
    if len(made.invalid) > _MOST_SHOWN:
        say(f"and {len(made.invalid) - _MOST_SHOWN} more")


def _send(sender: Sender, made: ReplayPlan, archive: Archive) -> None:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("publishing", total=made.records)

        def advance(records: int) -> None:
            progress.advance(bar, records)

        sender.send(made, archive.mark_replayed, advance)
