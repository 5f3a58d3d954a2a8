"""The command line: `sensor-fleet run`, `track`, `contracts` and `audit`."""

import secrets
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any

import click
import orjson
from click.core import ParameterSource
from rich.console import Console

from sensor_fleet import table
from sensor_fleet.audit import AuditSettings, audit
from sensor_fleet.aws import one_line_errors
from sensor_fleet.door.run import DOOR_KINDS, DoorSettings, run_door
from sensor_fleet.door.sender import DoorTally
from sensor_fleet.errors import FleetError, SettingsError
from sensor_fleet.generator import Options
from sensor_fleet.lake import report as lake_report
from sensor_fleet.lake.audit import LakeSettings, audit_lake
from sensor_fleet.lake.report import LakeReport
from sensor_fleet.options import (
    NOT_NEGATIVE,
    aws_options,
    known_kinds,
    manifest_option,
    run_options,
    setting,
    streams_option,
)
from sensor_fleet.report import Report
from sensor_fleet.run import RunSettings, run
from sensor_fleet.spoils.catalogue import GROUPS
from sensor_fleet.tally import Tally
from sensor_fleet.tracking import contracts, options, verdict_table
from sensor_fleet.tracking.audit import audit_verdicts
from sensor_fleet.tracking.generator import GROUPS as TRACKING_GROUPS
from sensor_fleet.tracking.generator import TrackingOptions
from sensor_fleet.tracking.oracle import VerdictReport
from sensor_fleet.tracking.track import TrackSettings, track


@click.group(context_settings={"show_default": True, "max_content_width": 120})
def main() -> None:
    """Load and audit: fleets that record what they sent, and a check that a stream or its rejects are exactly that."""


@main.command("run", epilog=f"Kinds of invalid data. {known_kinds(GROUPS)}")
@aws_options
@run_options
def run_command(*, as_json: bool, seed: int | None, **given: Any) -> None:
    """Send submissions to the queue, or records to a door: without options at a steady, low rate, for ever.

    The first SIGTERM or SIGINT ends it after the batch in hand, a second one at once. Exit code 0 when all
    was sent as asked, 1 when AWS or the machine failed, 2 when a setting is wrong.
    """
    given["manifest"] = Path(given["manifest"]) if given["manifest"] else None
    seed = secrets.randbits(32) if seed is None else seed
    if given["fault"] and not given["gateway"]:
        raise click.UsageError("--fault is for --gateway")
    tally: Tally | DoorTally
    with _exit_code_for_trouble(1), _set_by_signals() as stop:
        tally = run_door(_door_settings(seed, given), stop) if given["gateway"] else run(_settings(seed, given), stop)
    click.echo(orjson.dumps({"seed": seed} | tally.as_json()) if as_json else tally.as_line())


def _settings(seed: int, given: dict[str, Any]) -> RunSettings:
    names = {field.name for field in fields(Options)} - {"seed"}
    options = Options(seed=seed, **{name: given[name] for name in names})
    wanted = {field.name for field in fields(RunSettings)} - {"options"}
    return RunSettings(options=options, **{name: given[name] for name in wanted})


def _door_settings(seed: int, given: dict[str, Any]) -> DoorSettings:
    """Settings for a door of the same options. Raises click's UsageError for those that are of queues only."""
    source = click.get_current_context().get_parameter_source
    for name in ("queue", "events", "body", "spoil", "invalid_kinds"):
        if source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} is for queues, not for --gateway")
    records = given["submissions"]
    options = TrackingOptions(
        seed=seed,
        visitors=given["devices"],
        span=records or 10_000,
        invalid_share=given["invalid_share"],
        invalid_kinds=DOOR_KINDS,
    )
    same = {name: given[name] for name in ("key", "streams", "connections", "batch", "rate", "pacing", "manifest")}
    return DoorSettings(
        faults=given["fault"],
        url=given["gateway"],
        wait_seconds=given["wait_for_queue"],
        options=options,
        records=records,
        **same,
    )


@main.command("track", epilog=f"Kinds of invalid data. {known_kinds(TRACKING_GROUPS)}")
@aws_options
@options.track_options
def track_command(*, as_json: bool, manifest: str | None, **given: Any) -> None:
    """Put tracking events onto a stream: pages, tracks, identifies and the like, as Segment sends them.

    Ends as `run` does, with the same exit codes. `sensor-fleet contracts` writes the contracts for these events.
    """
    chosen = options.chosen(given)
    settings = TrackSettings(options=chosen, manifest=Path(manifest) if manifest else None, **given)
    with _exit_code_for_trouble(1), _set_by_signals() as stop:
        tally = track(settings, stop)
    click.echo(orjson.dumps({"seed": chosen.seed} | tally.as_json()) if as_json else tally.as_line())


@main.command("contracts")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@streams_option("segment")
def contracts_command(*, folder: Path, streams: tuple[str, ...]) -> None:
    """Write the contracts of the events of `track`, or of `run --gateway`, into a folder, and a streams file.

    Publish them with `event-processor contracts publish`.
    """
    with _exit_code_for_trouble(1):
        for file in contracts.write(folder, streams):
            click.echo(file)


@main.command("audit")
@aws_options
@setting("--stream", "STREAM_NAME", default="events", help="The Kinesis stream to read.")
@manifest_option("What `run` or `track` wrote with --manifest.", required=True)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file of rejects, or a folder of them: compare these, not a stream, with what `track` or a door was given.",
)
@click.option(
    "--lake", metavar="URL", help="dir:FOLDER or s3://BUCKET/PREFIX: compare what `deliver` has written there."
)
@click.option("--warehouse", metavar="URL", help="duckdb:FILE: with --lake, compare the tables in it, too.")
@click.option(
    "--wait",
    type=NOT_NEGATIVE,
    default=0,
    metavar="SECONDS",
    help="Read again until nothing is missing, for at most this long.",
)
@click.option(
    "--allow-others", is_flag=True, help="Count records of submissions that are not in the manifest, but do not fail."
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def audit_command(
    *, as_json: bool, rejects: Path | None, lake: str | None, warehouse: str | None, **given: Any
) -> None:
    """Read the whole stream and compare it with the manifest of a fleet that has ended; of a door, all its streams.

    With --rejects: hold each verdict against what the record was made to be. With --lake: hold raw, typed files,
    rejects and tables against what was sent. Exit code 0 when nothing is missing, unexpected, altered, twice, out of
    order or of a wrong identity, and no verdict wrong, 1 when something is, 2 when the audit could not be done. Repeats
    are counted and allowed.
    """
    if (lake and rejects) or (warehouse and not lake):
        raise click.UsageError("--lake and --rejects are two audits, and --warehouse goes with --lake")
    report: Report | VerdictReport | LakeReport
    given["manifest"] = Path(given["manifest"])
    with _exit_code_for_trouble(2):
        if lake:
            report = audit_lake(LakeSettings(lake=lake, warehouse=warehouse, **given))
        elif rejects:
            report = audit_verdicts(given["manifest"], rejects, given["wait"])
        else:
            report = audit(AuditSettings(**given))
    if as_json:
        click.echo(orjson.dumps(report.as_json()))
    elif isinstance(report, LakeReport):
        lake_report.show(report, Console())
    elif isinstance(report, VerdictReport):
        verdict_table.show(report, Console())
    else:
        table.show(report, Console())
    sys.exit(0 if report.passed else 1)


@contextmanager
def _set_by_signals() -> Iterator[threading.Event]:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for number in before:
            signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _exit_code_for_trouble(trouble: int) -> Iterator[None]:
    try:
        with one_line_errors():
            yield
    except FleetError as error:
        click.echo(f"sensor-fleet: {error}", err=True)
        sys.exit(2 if isinstance(error, SettingsError) else trouble)
