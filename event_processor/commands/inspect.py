"""The command that inspects a stream: event-processor inspect."""

import click

from event_processor.bootstrap.arenas import share_one_arena
from event_processor.commands.terminal import INSPECT_ENVIRONMENT, complains
from event_processor.entrypoints import worker
from event_processor.settings.inspection import InspectionSettings


@click.command(epilog=INSPECT_ENVIRONMENT, short_help="Judge the records of a stream, store rejects, tell people.")
@complains
def inspect() -> int:
    """Judge each record of a stream by its contract, store rejects and tell people, until SIGTERM or SIGINT.

    Waits for the stream and the contracts if they are not there yet. On a signal the records in hand are finished
    within SHUTDOWN_GRACE seconds; what is not is read again at the next start. A second signal ends at once.

    Exit codes: 0 all that was read is finished, its checkpoints written; 1 not all, or the stream was recreated;
    2 a setting is wrong.
    """
    from event_processor.bootstrap.inspection_job import InspectionJob  # noqa: PLC0415 - YAML and the validator

    share_one_arena()
    return worker.start(InspectionSettings, InspectionJob)
