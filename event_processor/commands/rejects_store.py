"""The store of rejects that a command works on: that of the settings, or another one."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import click

from event_processor.bootstrap.rejects import reject_archive
from event_processor.bootstrap.runtime import Runtime
from event_processor.commands.terminal import quiet_settings, say
from event_processor.errors import SettingsError
from event_processor.rejects.ports import Archive
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.settings.values import LAKE

Command = Callable[..., Any]


def store_options(command: Command) -> Command:
    """The options that name another store."""
    options = (
        click.option("--store", type=click.Choice(["file", "sqs", "lake"]), help="Use this store instead of REJECTS."),
        click.option(
            "--file",
            type=click.Path(path_type=Path),
            help="Use this file instead of REJECTS_FILE; implies --store file.",
        ),
        click.option("--queue", help="Use this queue instead of REJECTS_QUEUE; implies --store sqs."),
        click.option("--lake", help="Use this lake instead of LAKE; implies --store lake."),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def chosen_settings(store: str | None, file: Path | None, queue: str | None, lake: str | None) -> SubmissionsSettings:
    """The settings, with the store that was asked for. Raises SettingsError."""
    places = {"file": file, "sqs": queue, "lake": lake}
    named = [kind for kind, place in places.items() if place is not None]
    if len(named) > 1:
        raise SettingsError("--file, --queue and --lake: give only one")
    if lake is not None and not re.match(LAKE, lake):
        raise SettingsError(f"--lake: was {lake!r}; allowed: dir:FOLDER or s3://BUCKET/PREFIX")
    chosen = {
        "rejects": store or (named[0] if named else None),
        "rejects_file": file,
        "rejects_queue": queue,
        "lake": lake,
    }
    return quiet_settings(SubmissionsSettings).model_copy(
        update={name: value for name, value in chosen.items() if value is not None}
    )


@contextmanager
def opened(settings: SubmissionsSettings, make: Callable[[], Runtime], *, alone: bool = False) -> Iterator[Archive]:
    """The archive; what is to be known of it is said when it is closed."""
    archive = reject_archive(settings, make, alone=alone)
    try:
        with archive:
            yield archive
    finally:
        for warning in archive.warnings:
            say(f"WARNING: {warning}", err=True)
