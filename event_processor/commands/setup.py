"""The commands around a first start: event-processor check | config | provision."""

import click

from event_processor.aws.provisioning import Provisioner
from event_processor.aws.resources import QueueProperties, StreamProperties
from event_processor.bootstrap.contracts import contract_concerns
from event_processor.bootstrap.rejects import reject_concerns, reject_queue
from event_processor.bootstrap.runtime import make_clients, make_runtime
from event_processor.bootstrap.submissions import all_concerns
from event_processor.commands.terminal import ENVIRONMENT, complains, quiet_settings, say, show_table
from event_processor.settings.loading import sources
from event_processor.submissions.extensions import safe_call_seconds
from event_processor.text import masked


@click.command(epilog=ENVIRONMENT)
@complains
def check() -> int:
    """Connect to queue, stream and reject store, print their settings, and warn of likely problems.

    Exit codes: 0 fit to run; 1 not fit to run; 2 a setting is wrong.
    """
    settings = quiet_settings()
    runtime = make_runtime(settings)
    queue = runtime.resources_once.queue(settings.queue_name)
    stream = runtime.resources_once.stream(settings.stream_name)
    rejects = reject_queue(settings, runtime)
    _print_facts("queue", queue)
    _print_facts("stream", stream)
    say(
        f"up to {settings.max_in_flight:,} submissions are held for as long as it takes, if extending their visibility"
        f" takes under {safe_call_seconds(settings.max_in_flight, settings.visibility_timeout):.2g} s a call"
    )
    found = [
        *all_concerns(settings, queue, stream, rejects),
        *reject_concerns(settings, runtime),
        *contract_concerns(settings.contract_settings, lambda: runtime.clients),
    ]
    for concern in found:
        say(f"{'FATAL' if concern.fatal else 'WARNING'}: {concern.text}")
    fit = not any(concern.fatal for concern in found)
    say("fit to run" if fit else "not fit to run")
    return 0 if fit else 1


def _print_facts(what: str, facts: QueueProperties | StreamProperties) -> None:
    rows = [(name.replace("_", " "), masked(str(getattr(facts, name)))) for name in facts.__slots__]
    show_table((what, facts.name), rows)


@click.command()
@complains
def config() -> int:
    """Print the effective settings, secrets masked, and where each comes from."""
    rows, settings = [], quiet_settings()
    for name, value, origin in sources(settings):
        field = type(settings).model_fields.get(name.lower())
        rows.append((name, value or "-", origin, (field.description if field else None) or "read by boto3"))
    show_table(("variable", "value", "from", "meaning"), rows)
    return 0


@click.command(epilog=ENVIRONMENT)
@click.option(
    "--shards", default=2, show_default=True, type=click.IntRange(1, 500), help="Shards of a newly created stream."
)
@complains
def provision(shards: int) -> int:
    """Create the queue, dead-letter queue, reject queue and stream if missing. For laptops and tests."""
    settings = quiet_settings()
    clients = make_clients(settings)
    provisioner = Provisioner(clients.sqs(pool=1), clients.kinesis(pool=1))
    for line in provisioner.provision(settings.queue_name, settings.rejects_queue, settings.stream_name, shards):
        say(line)
    return 0
