"""The commands for rejects: event-processor rejects list | show | replay (docs/rejects.md)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final, Literal

import click

from event_processor.bootstrap.runtime import Runtime
from event_processor.commands.rejects_replay import replay
from event_processor.commands.rejects_store import chosen_settings, opened, store_options
from event_processor.commands.terminal import ENVIRONMENT, complains, say, show_table
from event_processor.rejects.records_again import line_of_record
from event_processor.rejects.selection import Cause, Group, Release, device_of, grouped
from event_processor.submissions.repair import repairable_line

_MOST_RELEASES: Final = 3  # in a cell
_MOST_GROUPS: Final = 200  # in a table: there may be as many as devices, and nobody reads those


@click.group()
def rejects() -> None:
    """Look at what was rejected, repair it, and publish it."""


@rejects.command("list", epilog=ENVIRONMENT, short_help="Group the rejects by cause or device.")
@store_options
@click.option(
    "--by", type=click.Choice(["cause", "device"]), default="cause", help="What the rejects of a group share."
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output: a list of groups.")
@complains
def list_command(by: Literal["cause", "device"], as_json: bool, **store: Any) -> int:
    """Group the rejects by cause, the largest group first, with the versions of the senders, each since when.

    The cause is contract, reason and place of the first fault; `--by device` tells who is wrong most often instead.

    Each reject counts once, however often its message was delivered. The 200 largest groups are shown; --json has all.
    """
    settings = chosen_settings(**store)
    with opened(settings, partial(Runtime, settings)) as archive:
        groups = grouped(archive.read(), archive.is_replayed, Cause.of if by == "cause" else device_of)
    names = Cause._fields if by == "cause" else ("device",)
    if as_json:
        click.echo(json.dumps([dict(zip(names, key, strict=True)) | _group_as_json(group) for key, group in groups]))
    else:
        _show_groups(names, groups)
    return 0


@rejects.command(epilog=ENVIRONMENT)
@click.argument("reject_id")
@store_options
@complains
def show(reject_id: str, **store: Any) -> int:
    """Print one reject in full, payload included, as JSON; `document` is the original decoded.

    Exit codes: 0 found; 1 not.
    """
    settings = chosen_settings(**store)
    with opened(settings, partial(Runtime, settings)) as archive:
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


rejects.add_command(replay)


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
    for key, group in groups[:_MOST_GROUPS]:
        seen = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (group.first_seen, group.last_seen))
        counts = (f"{group.rejects:,}", f"{group.replayed:,}")
        rows.append((*counts, *(part or "-" for part in key), *seen, _releases(group), group.example))
    show_table(("rejects", "replayed", *names, "first seen", "last seen", "versions", "example"), rows)
    if left := groups[_MOST_GROUPS:]:
        say(f"and {len(left):,} more groups with {sum(group.rejects for _, group in left):,} rejects: --json has them")


def _releases(group: Group) -> str:
    """The first ones, since they may have broken it."""
    by_age = _by_age(group)
    shown = [f"{release.version} ({release.rejects:,})" for release in by_age[:_MOST_RELEASES]]
    return ", ".join([*shown, *(["..."] if len(by_age) > _MOST_RELEASES else [])]) or "-"
