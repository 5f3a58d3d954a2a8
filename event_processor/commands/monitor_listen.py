"""The command that puts the rows of a database's table onto the stream of metrics: event-processor monitor listen."""

from importlib.resources import files

import click

from event_processor.clock import SystemClock
from event_processor.commands.terminal import MONITOR_ENVIRONMENT, complains
from event_processor.entrypoints.signals import on_signal
from event_processor.settings.loading import load
from event_processor.settings.monitor import ListenSettings
from event_processor.telemetry import logs
from event_processor.telemetry.threads import Threads


@click.command(epilog=MONITOR_ENVIRONMENT, short_help="Put rows of a table in PostgreSQL onto the stream of metrics.")
@click.option(
    "--sql",
    type=click.Choice(["postgresql", "aurora"]),
    help="Print the SQL for the outbox and the trigger function, for psql; for Aurora also "
    "the call of a Lambda function, so that nothing has to listen.",
)
@complains
def listen(sql: str | None) -> int:
    """Put metrics that triggers write into the outbox of MONITOR_DATABASE onto METRICS_STREAM, until SIGTERM or SIGINT.

    They leave the outbox when the stream has them: nothing is lost while nobody listens, while the stream is down, or
    by a kill. Any number may listen. What is not a metric stays in the outbox, marked with the reason.

    Exit codes: 0 stopped; 2 a setting is wrong.
    """
    if sql is not None:
        for name in ("log_table.sql", *(["log_table_aurora.sql"] if sql == "aurora" else [])):
            click.echo(files("event_processor.metrics").joinpath(name).read_text(encoding="utf-8"), nl=False)
        return 0
    from event_processor.bootstrap.listening import make_listening  # noqa: PLC0415 - an extra, and boto3

    settings = load(ListenSettings)
    sink = logs.detach()
    logs.configure(settings.log_level, settings.log_format)
    listening = make_listening(settings)
    on_signal(listening.stop, Threads(SystemClock()), sink)
    listening.run()
    return 0
