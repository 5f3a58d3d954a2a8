"""The command that processes submissions: event-processor run."""

import click

from event_processor.bootstrap.submissions_job import SubmissionsJob
from event_processor.commands.terminal import ENVIRONMENT, complains
from event_processor.entrypoints import worker
from event_processor.settings.submissions import SubmissionsSettings


@click.command(epilog=ENVIRONMENT)
@complains
def run() -> int:
    """Publish the events of the queue's submissions until SIGTERM or SIGINT.

    Waits for queue and stream if they are not there yet. On a signal the work in hand is finished, or given back to the
    queue, within SHUTDOWN_GRACE seconds. A second signal ends at once.

    Exit codes: 0 all work finished or given back; 1 not all, or the stream cannot keep order; 2 a setting is wrong.
    """
    return worker.start(SubmissionsSettings, SubmissionsJob)
