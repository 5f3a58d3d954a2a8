"""The command that shows everything on one machine: event-processor demo."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from event_processor.commands.terminal import complains
from event_processor.commands.terminal import console as wide_console
from event_processor.demo import run as demo_run
from event_processor.demo.processes import Interrupted
from event_processor.demo.report import Report

if TYPE_CHECKING:
    from event_processor.demo.pipeline_report import PipelineReport

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
@click.option(
    "--pipeline", is_flag=True, help="All jobs: as many submissions to the queue, records to the gateway and events."
)
@click.option(
    "--page", type=click.Path(dir_okay=False, path_type=Path), help="With --pipeline: the report as a web page, too."
)
@complains
def demo(
    submissions: int,
    refuse: float,
    lose_answer: float,
    seed: int | None,
    as_json: bool,
    pipeline: bool,
    page: Path | None,
) -> int:
    """Run everything on this machine: an emulator with faults, a fleet, the processor, and an audit of the stream.

    With --pipeline all jobs: `run`, `gateway`, `inspect`, `deliver` and `monitor`, three fleets, a lake and a DuckDB
    file, notices, and audits of all of it (docs/pipeline.md).

    Needs no AWS and no Docker; listens on loopback only; leaves no process and no file.

    Exit codes: 0 the audit passed; 1 it did not, or something failed.
    """
    if page and not pipeline:
        raise click.UsageError("--page needs --pipeline")
    options, console = demo_run.Options(submissions, refuse, lose_answer, seed), Console(stderr=as_json)
    report: Report | PipelineReport
    try:
        report = _run_pipeline(options, console, page) if pipeline else demo_run.run(options, console)
    except Interrupted:
        click.echo("interrupted: stopping everything", err=True)
        return 130
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        report.show(wide_console())
    return 0 if report.passed else 1


def _run_pipeline(options: demo_run.Options, console: Console, page: Path | None) -> "PipelineReport":
    from event_processor.demo.pipeline import run_pipeline  # noqa: PLC0415 - all jobs: only here

    report = run_pipeline(options, console)
    if page:
        page.write_text(report.as_page())
    return report
