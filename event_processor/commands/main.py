"""The command line: event-processor, with a command for each thing that can be done."""

import click

from event_processor import __version__
from event_processor.commands.contracts import contracts
from event_processor.commands.deliver import deliver
from event_processor.commands.demo import demo
from event_processor.commands.estimate import estimate
from event_processor.commands.gate import gate
from event_processor.commands.gateway import gateway
from event_processor.commands.inspect import inspect
from event_processor.commands.lake import lake
from event_processor.commands.monitor import monitor
from event_processor.commands.notices import notices
from event_processor.commands.rejects import rejects
from event_processor.commands.run import run
from event_processor.commands.setup import check, config, provision
from event_processor.commands.terminal import ANY_ENVIRONMENT


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=ANY_ENVIRONMENT)
@click.version_option(__version__)
def main() -> None:
    """SQS or HTTP to Kinesis, strictly in order, nothing lost; then checked, and into a lake and a warehouse."""


_COMMANDS = (
    run,
    gateway,
    inspect,
    deliver,
    monitor,
    demo,
    check,
    config,
    provision,
    contracts,
    lake,
    rejects,
    notices,
    estimate,
    gate,
)
for _command in _COMMANDS:
    main.add_command(_command)
