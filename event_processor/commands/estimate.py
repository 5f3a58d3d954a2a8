"""The commands that say what to provision and how large records are: event-processor estimate (docs/sizing.md)."""

import json
from collections.abc import Iterable
from importlib import resources
from math import ceil
from typing import BinaryIO, Final, cast, get_args

import click
from rich.console import Console
from rich.table import Table

from event_processor import estimate as package
from event_processor.clock import SystemClock
from event_processor.commands.estimate_payload import payload, payload_of
from event_processor.commands.terminal import complains, console
from event_processor.estimate.estimate import Estimate, Line, price_note
from event_processor.estimate.load import AROUND_EVENT_BYTES, MIB, Load, Sampled, Transport
from event_processor.estimate.measured import FILE, Measured
from event_processor.estimate.payload import Payload
from event_processor.estimate.prices import SHIPPED
from event_processor.settings.prices_file import read_prices
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
@click.option(
    "--size-from",
    type=click.File("rb"),
    help="A file of records as they are on the stream: their size instead of --record-bytes, each billed by itself.",
)
@click.option("--prices", help="A file with your own prices (docs/sizing.md).")
@click.option("--stale-ok", is_flag=True, help="Calculate with prices that are older than 400 days, too.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output, with bounds, prices and sources.")
@complains
def capacity(  # noqa: PLR0913, PLR0917 - an argument for each option
    events_per_second: float,
    record_bytes: int,
    events_per_submission: int,
    latency_ms: float,
    transport: str,
    headroom: float,
    size_from: BinaryIO | None,
    prices: str | None,
    stale_ok: bool,
    as_json: bool,
) -> int:
    """Say what to provision for a load, and what a million events cost.

    Calculated from what the benchmarks measured on one core; calls nothing. docs/sizing.md has the formulas.

    Exit codes: 0 done; 2 the load is impossible, a file cannot be used, or the prices are too old, and why.
    """
    today = SystemClock().now().date()
    listed = read_prices(prices, today) if prices else SHIPPED
    if not stale_ok:
        listed.hold(today)
    sample = payload_of(size_from) if size_from else None
    load = Load(
        events_per_second,
        ceil(sample.sizes["raw"].bytes / sample.records) if sample else record_bytes,
        events_per_submission,
        latency_ms / 1000,
        cast("Transport", transport),  # click has checked it
        headroom,
        _sampled(sample) if sample else None,
    )
    estimated = Estimate.of(load, measured(), listed)
    if as_json:
        click.echo(json.dumps(estimated.as_json(), indent=2))
    else:
        _show(estimated, console())
    return 0


def _sampled(sample: Payload) -> Sampled:
    billed, count = sample.sizes["raw"].billed, sample.records
    return Sampled(
        count,
        billed.put_units / count,
        billed.on_demand_kb / count,
        billed.firehose_kb / count,
        sample.gzip_together / count,
    )


def measured() -> Measured:
    """The figures that this package ships with."""
    return Measured.model_validate_json(resources.files(package).joinpath(FILE).read_bytes())


def _show(estimated: Estimate, terminal: Console) -> None:
    _show_lines(terminal, "provision", estimated.to_provision())
    _show_lines(terminal, "expect", estimated.to_expect())
    _show_lines(terminal, "USD per million events", estimated.to_pay())
    _show_lines(terminal, "a month at this rate", estimated.to_store())
    for note in estimated.notes:
        terminal.print(f"NOTE: {note}", highlight=False)
    terminal.print(price_note(estimated.prices), highlight=False)


def _show_lines(terminal: Console, title: str, lines: Iterable[Line]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(title, min_width=24)
    table.add_column("", justify="right", min_width=16)
    table.add_column("")
    for line in lines:
        table.add_row(*line)
    terminal.print(table, "", highlight=False)
