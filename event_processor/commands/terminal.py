"""Shared by all commands: settings, errors in one line, tables."""

import io
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Final, ParamSpec, TypeVar

import click
from pydantic_settings import BaseSettings
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from event_processor.errors import EventProcessorError, SettingsError
from event_processor.settings.loading import load
from event_processor.telemetry import logs
from event_processor.text import cut, printable

P = ParamSpec("P")
S = TypeVar("S", bound=BaseSettings)
_LONGEST_CELL: Final = 2_000
_ENVIRONMENT: Final = "Settings are environment variables; `event-processor config{}` lists them with their values."
ENVIRONMENT: Final = _ENVIRONMENT.format("")
ANY_ENVIRONMENT: Final = _ENVIRONMENT.format(" --job JOB")
INSPECT_ENVIRONMENT: Final = _ENVIRONMENT.format(" --job inspect")
DELIVER_ENVIRONMENT: Final = _ENVIRONMENT.format(" --job deliver")
GATEWAY_ENVIRONMENT: Final = _ENVIRONMENT.format(" --job gateway")
MONITOR_ENVIRONMENT: Final = _ENVIRONMENT.format(" --job monitor")


def complains(command: Callable[P, int]) -> Callable[P, None]:
    """Make the returned number the exit code; an error raised on purpose is one line and exit 2 or 1, no traceback.

    So is an error of files, such as a full disk: exit 2.
    """

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # what the terminal has no letter for
        try:
            code = command(*args, **kwargs)
        except EventProcessorError as error:
            with suppress(OSError):  # the exit code still tells it
                _complain(error)
            code = 2 if isinstance(error, SettingsError) else 1
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise  # whoever read has read enough: click ends quietly
            with suppress(OSError):
                say(f"event-processor: {error}", err=True)
            code = 2
        sys.exit(code)

    return wrapped


def _complain(error: EventProcessorError) -> None:
    text = f"event-processor: {error}"
    lines = text.split("\n") if isinstance(error, SettingsError) else [text]  # one for each setting that is wrong
    for line in lines:
        say(line, err=True)


def say(text: str, *, err: bool = False) -> None:
    """One line, whatever is in the text: it may be of a server, a reject, a file name."""
    click.echo(printable(text), err=err)


def amount(number: int, what: str) -> str:
    """Such as "1 record" and "1,204 records"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def show_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output, its texts as they are: none is taken for markup, and none steers the terminal."""
    table = Table(*(Column(_cell(header)) for header in headers), box=None)
    for row in rows:
        table.add_row(*map(_cell, row))
    console().print(table, highlight=False)


def _cell(text: str) -> Text:
    return Text(cut(printable(text), _LONGEST_CELL))


def quiet_settings(kind: type[S]) -> S:
    """The settings, for a command whose output is for people: only errors are logged."""
    settings = load(kind)
    logs.configure("ERROR", "console")
    return settings


def console() -> Console:
    """Standard output; wide where no terminal says how wide it is."""
    return Console(width=None if sys.stdout.isatty() else 200)
