"""The command that shows everything on one machine: event-processor demo."""

import json
from typing import Final

import click
from rich.console import Console

from event_processor.commands.terminal import complains
from event_processor.demo import run as demo_run

_SHARE: Final = click.FloatRange(0, 0.9)


@click.command(short_help="Run everything on this machine, and audit the result.")
@click.option(
    "--submissions", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="How many to send."
)
@click.option("--refuse", default=0.1, show_default=True, type=_SHARE, help="Share of all records that are refused.")
@click.option("--lose-answer", default=0.0, show_default=True, type=_SHARE, help="Share of all answers that are lost.")
@click.option(
    "--seed", type=click.IntRange(0), help="The same seed gives the same submissions and faults.  [default: random]"
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
@complains
def demo(submissions: int, refuse: float, lose_answer: float, seed: int | None, as_json: bool) -> int:
    """Run everything on this machine: an emulator with faults, a fleet, the processor, and an audit of the stream.

    Needs no AWS and no Docker; listens on loopback only; leaves no process and no file.

    Exit codes: 0 the audit passed; 1 it did not, or something failed.
    """
    try:
        report = demo_run.run(demo_run.Options(submissions, refuse, lose_answer, seed), Console(stderr=as_json))
    except demo_run.Interrupted:
        click.echo("interrupted: everything is taken down", err=True)
        return 130
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        report.show(Console())
    return 0 if report.passed else 1
