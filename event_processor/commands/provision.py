"""The command that makes queues and stream: event-processor provision."""

import click

from event_processor.bootstrap.submissions import make_provisioner
from event_processor.commands.terminal import ENVIRONMENT, complains, quiet_settings, say


@click.command(epilog=ENVIRONMENT)
@click.option(
    "--shards", default=2, show_default=True, type=click.IntRange(1, 500), help="Shards of a newly created stream."
)
@complains
def provision(shards: int) -> int:
    """Create the queue, dead-letter queue, reject queue and stream if missing. For laptops and tests."""
    settings = quiet_settings()
    provisioner = make_provisioner(settings)
    for line in provisioner.provision(settings.queue_name, settings.rejects_queue, settings.stream_name, shards):
        say(line)
    return 0
