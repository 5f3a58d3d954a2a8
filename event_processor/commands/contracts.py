"""The commands for contracts: event-processor contracts ... (docs/contracts.md)."""

import getpass
import json
from collections.abc import Iterator
from pathlib import Path

import click

from event_processor.commands.contracts_check import check
from event_processor.commands.contracts_files import diff, lint, read_contracts
from event_processor.commands.contracts_infer import infer
from event_processor.commands.contracts_registry import open_registry
from event_processor.commands.terminal import ENVIRONMENT, complains, say, show_table
from event_processor.contracts.acceptance import unchecked
from event_processor.contracts.publication import Action, Publication, plan
from event_processor.contracts.version import Version
from event_processor.errors import SettingsError

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


@click.group(short_help="Define what is valid: write, publish, check contracts.")
def contracts() -> None:
    """Define what is valid: write contracts, publish them, check records by them."""


for _command in (lint, diff, check, infer):
    contracts.add_command(_command)


@contracts.command(epilog=ENVIRONMENT, short_help="Publish a contract, or all of a directory.")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@complains
def publish(path: Path) -> int:
    """Publish a contract, or all of a directory: from then on, these versions are live.

    Refused, with nothing published: what is not a contract; a version that is there with other content; one that is not
    later than the live one; a breaking change without a new MODEL. Warned of: another change that asks for a higher
    step than the version makes; a format that is not checked; a misspelt keyword.

    Exit codes: 0 done, or done before; 1 refused; 2 a setting is wrong.
    """
    found = read_contracts(path)
    registry = open_registry(make_folder=True)
    for publication in plan(found, registry):
        publication.carry_out(registry, getpass.getuser())
        say(_told(publication))
        for warning in _warnings(publication):
            say(f"{publication.document.subject} {publication.document.version}: warning: {warning}", err=True)
    return 0


@contracts.command("list", epilog=ENVIRONMENT)
@_JSON
@complains
def list_command(as_json: bool) -> int:
    """List the live contracts."""
    live = open_registry().read()
    rows = []
    for subject, document in sorted(live.documents.items()):
        schema = json.loads(document.text)
        texts = (schema.get(name) for name in ("x-owner", "x-channel", "title"))
        rows.append((subject, str(document.version), *(str(text or "-") for text in texts)))
    headers = ("subject", "version", "owner", "channel", "title")
    if as_json:
        listed = [dict(zip(headers, (cell if cell != "-" else None for cell in row), strict=True)) for row in rows]
        click.echo(json.dumps({"epoch": live.epoch, "contracts": listed}))
    elif rows:
        show_table(headers, rows)
    else:
        say("no contracts")
    return 0


@contracts.command(epilog=ENVIRONMENT)
@click.argument("subject")
@click.option("--version", help="This version instead of the live one.")
@complains
def show(subject: str, version: str | None) -> int:
    """Print the live contract of a subject, as it was published.

    Exit codes: 0 found; 1 not.
    """
    registry = open_registry()
    if version is None:
        document = registry.read().documents.get(subject)
    else:
        document = registry.document(subject, _version(version))
    if document is None:
        say(f"event-processor: no {'live version' if version is None else version} of {subject!r}", err=True)
        return 1
    click.echo(document.text.rstrip("\n"))
    return 0


@contracts.command(epilog=ENVIRONMENT, short_help="Print which version was made live when, and by whom.")
@click.argument("subject")
@_JSON
@complains
def history(subject: str, as_json: bool) -> int:
    """Print which version of a subject was made live when, and by whom; of a directory, git knows more.

    Exit codes: 0 found; 1 not.
    """
    registry = open_registry()
    moves = registry.history(subject)
    live = registry.read().documents.get(subject)
    if not moves:
        say(f"event-processor: no version of {subject!r} was ever published", err=True)
        return 1
    if as_json:
        told = [
            {"version": str(move.version), "at": move.at and move.at.isoformat(), "by": move.by, "epoch": move.epoch}
            for move in moves
        ]
        click.echo(json.dumps({"live": str(live.version) if live else None, "history": told}))
        return 0
    rows = []
    for move in moves:
        at = f"{move.at:%Y-%m-%d %H:%M:%S}" if move.at else "-"
        is_live = live is not None and move.version == live.version
        rows.append((str(move.version), at, move.by or "-", str(move.epoch or "-"), "live" if is_live else ""))
    show_table(("version", "at (UTC)", "by", "epoch", ""), rows)
    return 0


@contracts.command(epilog=ENVIRONMENT, short_help="Make an earlier or later version live again.")
@click.argument("subject")
@click.argument("version")
@complains
def rollback(subject: str, version: str) -> int:
    """Make a version live that was published before; no version is changed or lost.

    Exit codes: 0 it is live; 1 there is no such version; 2 a setting or the version is wrong.
    """
    registry, to = open_registry(), _version(version)
    live = registry.read().documents.get(subject)
    before = live.version if live else None
    if before == to:
        say(f"{subject} {to}: is already live")
        return 0
    registry.move(subject, to, before, getpass.getuser())
    say(f"{subject} {to}: live, instead of {before or 'none'}")
    return 0


def _version(text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError as error:
        raise SettingsError(f"VERSION: was {text!r}; {error}") from None


def _told(publication: Publication) -> str:
    document, before = publication.document, publication.live_before
    line = f"{document.subject} {document.version}: {publication.action}"
    if publication.action is Action.PUBLISH and before:
        return f"{line}, {before} was live"
    if publication.action is Action.NOTHING and before != document.version:
        return f"{line}, and {before} is live: `contracts rollback` moves between versions"
    return line


def _warnings(publication: Publication) -> Iterator[str]:
    yield from (f"the version announces too little: {change}" for change in publication.unannounced)
    if publication.action is Action.PUBLISH:
        yield from map(str, unchecked(json.loads(publication.document.text)))
