"""The command line: event-processor run | demo | check | config | provision | rejects | size."""

import json
from typing import Any

import click
from rich.console import Console

from event_processor import __version__, bootstrap
from event_processor.aws.resources import concerns, holding_concerns, size_concerns
from event_processor.commands.rejects import rejects
from event_processor.commands.size import size
from event_processor.commands.terminal import ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.demo import run as demo_run
from event_processor.entrypoints import worker
from event_processor.masking import masked
from event_processor.settings import Settings, load, sources
from event_processor.submissions.extensions import safe_call_seconds
from event_processor.telemetry import logs


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=ENVIRONMENT)
@click.version_option(__version__)
def main() -> None:
    """SQS to Kinesis: every event its own record, strictly in order, nothing lost."""


main.add_command(rejects)
main.add_command(size)


@main.command(epilog=ENVIRONMENT)
@complains
def run() -> int:
    """Receive, validate, publish and delete until SIGTERM or SIGINT.

    Waits for queue and stream if they are not there yet. On a signal the work in hand is finished, or given back to the
    queue, within SHUTDOWN_GRACE seconds. A second signal ends at once.

    Exit codes: 0 all work finished or given back; 1 not all, or the stream cannot keep order; 2 a setting is wrong.
    """
    settings = load()
    sink = logs.detach()
    logs.configure(settings.log_level, settings.log_format)
    return worker.run(settings, sink)


@main.command(epilog=ENVIRONMENT)
@complains
def check() -> int:
    """Reach queue, stream and reject store, read what they are, and warn of what will hurt.

    Exit codes: 0 fit to run; 1 not; 2 a setting is wrong.
    """
    settings = quiet_settings()
    base = bootstrap.base(settings)
    queue, stream = base.inspector.queue(settings.queue_name), base.inspector.stream(settings.stream_name)
    rejects = bootstrap.reject_queue(settings, base)
    _print_facts("queue", queue)
    _print_facts("stream", stream)
    say(
        f"up to {settings.max_in_flight:,} submissions are held for as long as it takes, if extending their visibility"
        f" takes under {safe_call_seconds(settings.max_in_flight, settings.visibility_timeout):.2g} s a call"
    )
    found = [
        *concerns(queue, stream, settings.visibility_timeout),
        *holding_concerns(settings.max_in_flight, settings.visibility_timeout),
        *(size_concerns(queue, rejects) if rejects else ()),
        *bootstrap.reject_concerns(settings, base),
    ]
    for concern in found:
        say(f"{'FATAL' if concern.fatal else 'WARNING'}: {concern.text}")
    fit = not any(concern.fatal for concern in found)
    say("fit to run" if fit else "not fit to run")
    return 0 if fit else 1


@main.command()
@complains
def config() -> int:
    """Print the effective settings, secrets masked, and where each comes from."""
    rows = []
    for name, value, origin in sources(quiet_settings()):
        field = Settings.model_fields.get(name.lower())
        rows.append((name, value or "-", origin, (field.description if field else None) or "read by boto3"))
    show_table(("variable", "value", "from", "meaning"), rows)
    return 0


@main.command(epilog=ENVIRONMENT)
@click.option(
    "--shards", default=2, show_default=True, type=click.IntRange(1, 500), help="Shards of a stream made now."
)
@complains
def provision(shards: int) -> int:
    """Make queue, dead-letter queue, reject queue and stream where they are missing. For laptops and tests."""
    settings = quiet_settings()
    provisioner = bootstrap.provisioner(settings)
    for line in provisioner.provision(settings.queue_name, settings.rejects_queue, settings.stream_name, shards):
        say(line)
    return 0


_SHARE = click.FloatRange(0, 0.9)


@main.command()
@click.option("--submissions", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="How many.")
@click.option("--refuse", default=0.1, show_default=True, type=_SHARE, help="Share of all records that is refused.")
@click.option("--lose-answer", default=0.0, show_default=True, type=_SHARE, help="Share of all answers that is lost.")
@click.option(
    "--seed", type=click.IntRange(0), help="The same seed, the same submissions and faults.  [default: random]"
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on standard output.")
@complains
def demo(submissions: int, refuse: float, lose_answer: float, seed: int | None, as_json: bool) -> int:
    """Run the whole job here: an emulator that misbehaves, a fleet, the processor, and an audit of the stream.

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


def _print_facts(what: str, facts: Any) -> None:
    rows = [(name.replace("_", " "), masked(str(getattr(facts, name)))) for name in facts.__slots__]
    show_table((what, facts.name), rows)
