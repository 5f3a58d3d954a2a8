"""The command that watches metrics, and those beside it: event-processor monitor ..., a file for each."""

import click

from event_processor.commands.monitor_labels import label, labels
from event_processor.commands.terminal import MONITOR_ENVIRONMENT


@click.group(epilog=MONITOR_ENVIRONMENT, short_help="Judge metrics as they arrive, and tell people what is wrong.")
def monitor() -> None:
    """Judge metrics as they arrive, and tell people what is not as expected."""


for _command in (label, labels):
    monitor.add_command(_command)
