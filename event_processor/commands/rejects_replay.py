"""The command event-processor rejects replay (docs/rejects.md)."""

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from event_processor.bootstrap.rejects import reject_sender
from event_processor.bootstrap.replay import Route, record_routes, submissions_route
from event_processor.bootstrap.runtime import Runtime
from event_processor.commands.filter_program import run_filter
from event_processor.commands.rejects_store import chosen_settings, opened, store_options
from event_processor.commands.terminal import ENVIRONMENT, amount, complains, say
from event_processor.rejects.ports import Archive
from event_processor.rejects.reject import KeptReject
from event_processor.rejects.replay import ReplayPlan, plan_replay
from event_processor.rejects.selection import Selection
from event_processor.settings.submissions import SubmissionsSettings

_MOST_SHOWN: Final = 20
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
Planned = Sequence[tuple[Route, ReplayPlan]]


def _moment(text: str) -> datetime:
    if span := re.fullmatch(r"(\d{1,4})([mhd])", text):
        return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a time (2026-01-02T03:04Z) nor a span (90m, 2h, 3d)") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command(epilog=ENVIRONMENT)
@store_options
@click.option("--reason", multiple=True, help="Only rejects with this reason. May be repeated, as may the next three.")
@click.option(
    "--pointer", multiple=True, help="Only rejects at this place, as `list` shows it: /events/new_process/*/cmdl."
)
@click.option("--subject", multiple=True, help="Only rejects of this contract: page/Order Completed.")
@click.option("--id", "ids", multiple=True, help="Only the reject with this id.")
@click.option(
    "--since", type=_moment, metavar="TIME", help="Only rejects received since: 2026-01-02T03:04Z, or 90m, 2h, 3d ago."
)
@click.option(
    "--fix", metavar="PROGRAM", help="Filter: reads a line of JSON, writes the repaired line, or null to leave it."
)
@click.option("--dry-run", is_flag=True, help="Do everything except sending.")
@complains
def replay(fix: str | None, dry_run: bool, since: datetime | None, **chosen: Any) -> int:
    """Publish rejected events and records after all: only these, not their siblings, and each only once.

    Each is repaired by the --fix program, if given, then judged as usual: an event by the processor's own checks, a
    record of a stream by the contract that is live now (STREAMS_FILE, CONTRACTS), to go back onto its stream. An event
    gets the event_id and the sequence it always had, a record its partition key. What was acknowledged is remembered
    (file, lake) or deleted (sqs), so a second replay sends nothing.

    One replay of a store at a time: another one is refused.

    Exit codes: 0 all were published, or left out by the filter; 1 some are still invalid, or something failed.
    """
    reasons, pointers, subjects, ids = (frozenset(chosen.pop(name)) for name in ("reason", "pointer", "subject", "ids"))
    selection = Selection(reasons, pointers, ids, since, subjects)
    settings = chosen_settings(**chosen)
    runtime = Runtime(settings)
    with opened(settings, lambda: runtime, alone=not dry_run) as archive:
        selected = [kept for kept in archive.read() if selection.takes(kept)]
        fresh = [kept for kept in selected if not archive.is_replayed(kept.reject_id)]
        planned = _plan(fresh, fix, settings, runtime)
        _say_plan([made for _, made in planned], len(selected), len(selected) - len(fresh))
        if not dry_run:
            _send(planned, runtime, archive)
    say(f"{'would publish' if dry_run else 'published'} {_going(planned)}")
    return 1 if any(made.invalid for _, made in planned) else 0


def _plan(fresh: Sequence[KeptReject], fix: str | None, settings: SubmissionsSettings, runtime: Runtime) -> Planned:
    """By stream; one that nothing is to be sent to is not looked at."""
    records: dict[str, list[KeptReject]] = defaultdict(list)
    submissions = []
    for kept in fresh:
        if kept.is_record:
            records[kept.source or ""].append(kept)
        else:
            submissions.append(kept)
    routes = [(route, records[name]) for name, route in record_routes(records.keys(), runtime).items()]
    if submissions:
        routes.append((submissions_route(settings, runtime), submissions))
    repair = partial(run_filter, fix) if fix else None
    return [(route, plan_replay(theirs, repair, route.again)) for route, theirs in routes]


def _going(planned: Planned) -> str:
    """What goes out: a submission's are events, of which one reject may have several; a stream's are records."""
    going = [each for _, made in planned for unit in made.units.values() for each in unit]
    events = sum(len(records) for kept, records in going if not kept.is_record)
    records = sum(len(records) for kept, records in going if kept.is_record)
    said = [amount(number, what) for number, what in ((events, "event"), (records, "record")) if number]
    return (
        f"{' and '.join(said)} of {amount(sum(made.rejects for _, made in planned), 'reject')}" if said else "nothing"
    )


def _say_plan(planned: Sequence[ReplayPlan], selected: int, replayed_before: int) -> None:
    invalid = [each for made in planned for each in made.invalid]
    say(
        f"selected {selected}, replayed before {replayed_before}, "
        f"left out by the filter {sum(made.dropped for made in planned)}, still invalid {len(invalid)}"
    )
    for kept, faults in invalid[:_MOST_SHOWN]:
        say(f"still invalid: {kept.reject_id}: {faults[0].reason} at {faults[0].pointer or '/'}: {faults[0].detail}")
    if len(invalid) > _MOST_SHOWN:
        say(f"and {len(invalid) - _MOST_SHOWN} more")


def _send(planned: Planned, runtime: Runtime, archive: Archive) -> None:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        for route, made in planned:
            bar = progress.add_task(f"publishing to {route.stream.name}", total=made.records)
            advance: Callable[[int], None] = partial(progress.advance, bar)
            reject_sender(runtime, route.stream).send(made, archive.mark_replayed, advance)
