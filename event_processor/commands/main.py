"""The command line: event-processor, with a command for each thing that can be done."""

from importlib import import_module
from typing import Final

import click

from event_processor import __version__
from event_processor.commands.terminal import ANY_ENVIRONMENT

_MODULES: Final = {
    "run": "run",
    "gateway": "gateway",
    "inspect": "inspect",
    "deliver": "deliver",
    "monitor": "monitor",
    "demo": "demo",
    "check": "setup",
    "config": "setup",
    "provision": "setup",
    "contracts": "contracts",
    "lake": "lake",
    "rejects": "rejects",
    "notices": "notices",
    "estimate": "estimate",
    "gate": "gate",
}


class _Late(click.Group):
    """Loads a command when it is asked for: a process pays for no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _MODULES:
            return None
        command: click.Command = getattr(import_module(f"event_processor.commands.{_MODULES[cmd_name]}"), cmd_name)
        return command


@click.group(cls=_Late, context_settings={"help_option_names": ["-h", "--help"]}, epilog=ANY_ENVIRONMENT)
@click.version_option(__version__)
def main() -> None:
    """SQS or HTTP to Kinesis, strictly in order, nothing lost; then checked, and into a lake and a warehouse."""
