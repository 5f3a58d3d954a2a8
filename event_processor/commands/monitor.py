"""The command that watches metrics, and those beside it: event-processor monitor ..., a file for each."""

import click

from event_processor.bootstrap.arenas import share_one_arena
from event_processor.commands.monitor_bench import bench
from event_processor.commands.monitor_findings import acknowledge, findings, snooze
from event_processor.commands.monitor_labels import label, labels
from event_processor.commands.monitor_listen import listen
from event_processor.commands.monitor_train import train
from event_processor.commands.terminal import MONITOR_ENVIRONMENT, complains
from event_processor.entrypoints import worker
from event_processor.settings.monitor import MonitorSettings


@click.group(
    invoke_without_command=True,
    epilog=MONITOR_ENVIRONMENT,
    short_help="Judge metrics as they arrive, and tell people what is wrong.",
)
@click.pass_context
def monitor(context: click.Context) -> None:
    """Judge metrics as they arrive on their stream, and tell people what is not as expected, until SIGTERM or SIGINT.

    Waits for the stream if it is not there yet. On a signal all that is known is stored within SHUTDOWN_GRACE seconds;
    what is not is read again at the next start. A second signal ends at once.

    Exit codes: 0 all that was read is stored, its checkpoints written; 1 not all, or the stream was recreated;
    2 a setting is wrong.
    """
    if context.invoked_subcommand is None:
        _watch()


@complains
def _watch() -> int:
    from event_processor.bootstrap.monitor_job import MonitorJob  # noqa: PLC0415 - what no other command needs

    share_one_arena()
    return worker.start(MonitorSettings, MonitorJob)


for _command in (findings, label, labels, snooze, acknowledge, listen, train, bench):
    monitor.add_command(_command)
