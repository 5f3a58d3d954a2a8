"""How far a long command has come, on stderr: a bar on a terminal when the end is known, else a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Update: TypeAlias = Callable[[int], None]
"""Told the number done so far, as often as one likes."""

_SECONDS_BETWEEN_LINES = 10


def tell(line: str) -> None:
    """Print a line on stderr."""
    click.echo(line, err=True)


@contextmanager
def progress_bar(done_what: str, total: int | None) -> Iterator[Update]:
    """Show progress towards `total`, or without end; `done_what` is a phrase such as "submissions sent"."""
    if total is None or not sys.stderr.isatty():
        yield _lines(done_what, total)
        return
    columns = TextColumn(done_what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(done_what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _lines(done_what: str, total: int | None) -> Update:
    last = time.monotonic()

    def update(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            click.echo(f"{done:,}{'' if total is None else f' of {total:,}'} {done_what}", err=True)

    return update
