"""What the commands of an operator have in common: settings, complaints in one line, tables."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

import click
from rich.console import Console

from event_processor.errors import EventProcessorError, SettingsError
from event_processor.observability import logs
from event_processor.settings import Settings, load

P = ParamSpec("P")
ENVIRONMENT: Final = "Settings are environment variables; `event-processor config` lists them with their values."


def complains(command: Callable[P, int]) -> Callable[P, None]:
    """Make the returned number the exit code; what we raise on purpose is one line and exit 2 or 1, no traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except EventProcessorError as error:
            click.echo(f"event-processor: {error}", err=True)
            code = 2 if isinstance(error, SettingsError) else 1
        sys.exit(code)

    return wrapped


def quiet_settings() -> Settings:
    """The settings, for a command whose output is for people: only errors are logged."""
    settings = load()
    logs.configure("ERROR", "console")
    return settings


def console() -> Console:
    """Standard output; wide where no terminal says how wide it is."""
    return Console(width=None if sys.stdout.isatty() else 200)
