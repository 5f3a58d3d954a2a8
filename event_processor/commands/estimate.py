"""The commands that say what to provision and how large records are: event-processor estimate (docs/sizing.md)."""

import json
from collections.abc import Iterable
from importlib import resources
from typing import Final, cast, get_args

import click
from rich.console import Console
from rich.table import Table

from event_processor import estimate as package
from event_processor.commands.estimate_payload import payload
from event_processor.commands.terminal import complains, console
from event_processor.estimate.estimate import Estimate, Line, price_note
from event_processor.estimate.load import AROUND_EVENT_BYTES, MIB, Load, Transport
from event_processor.estimate.measured import FILE, Measured
from event_processor.settings.submissions import SubmissionsSettings

_MOST_EVENTS: Final = 1_000_000_000
_DEFAULT: Final = Load(1)


@click.group(short_help="Say what to provision for a load, and how large records are.")
def estimate() -> None:
    """Say what to provision for a load, and how large records are and how they are billed. Calls nothing."""


estimate.add_command(payload)


@estimate.command(short_help="Say what to provision for a load, and what it costs.")
@click.option(
    "--events-per-second",
    required=True,
    type=click.FloatRange(0, _MOST_EVENTS, min_open=True),
    help="The peak to carry without a growing queue.",
)
@click.option(
    "--record-bytes",
    default=_DEFAULT.record_bytes,
    show_default=True,
    type=click.IntRange(AROUND_EVENT_BYTES, 10 * MIB),
    help=f"Record size, partition key included: about {AROUND_EVENT_BYTES} more than the event's own JSON.",
)
@click.option(
    "--events-per-submission",
    default=_DEFAULT.events_per_submission,
    show_default=True,
    type=click.IntRange(1, 50_000),
    help="Events in a submission, on average.",
)
@click.option(
    "--latency-ms",
    default=_DEFAULT.latency_seconds * 1000,
    show_default=True,
    type=click.FloatRange(0, 10_000),
    help="Round trip of one call to SQS or Kinesis; event_processor_call_seconds shows yours.",
)
@click.option(
    "--transport",
    default=SubmissionsSettings.model_fields["aws_transport"].default,
    show_default=True,
    type=click.Choice(get_args(Transport)),
    help="As in AWS_TRANSPORT.",
)
@click.option(
    "--headroom",
    default=_DEFAULT.headroom,
    show_default=True,
    type=click.FloatRange(0, 0.9),
    help="Share of shards and replicas that is kept free, for bursts, uneven keys, TLS and restarts.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with bounds, prices and sources.")
@complains
def capacity(
    events_per_second: float,
    record_bytes: int,
    events_per_submission: int,
    latency_ms: float,
    transport: str,
    headroom: float,
    as_json: bool,
) -> int:
    """Say what to provision for a load, and what a million events cost.

    Calculated from what the benchmarks measured on one core; calls nothing. docs/sizing.md has the formulas.

    Exit codes: 0 done; 2 the load is impossible, and why.
    """
    load = Load(
        events_per_second,
        record_bytes,
        events_per_submission,
        latency_ms / 1000,
        cast("Transport", transport),  # click has checked it
        headroom,
    )
    estimated = Estimate.of(load, measured())
    if as_json:
        click.echo(json.dumps(estimated.as_json(), indent=2))
    else:
        _show(estimated, console())
    return 0


def measured() -> Measured:
    """The figures that this package ships with."""
    return Measured.model_validate_json(resources.files(package).joinpath(FILE).read_bytes())


def _show(estimated: Estimate, terminal: Console) -> None:
    _show_lines(terminal, "provision", estimated.to_provision())
    _show_lines(terminal, "expect", estimated.to_expect())
    _show_lines(terminal, "USD per million events", estimated.to_pay())
    for note in estimated.notes:
        terminal.print(f"NOTE: {note}", highlight=False)
    terminal.print(price_note(), highlight=False)


def _show_lines(terminal: Console, title: str, lines: Iterable[Line]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(title, min_width=24)
    table.add_column("", justify="right", min_width=16)
    table.add_column("")
    for line in lines:
        table.add_row(*line)
    terminal.print(table, "", highlight=False)
