"""What can be done with files of contracts, without a registry: event-processor contracts lint | diff."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from event_processor.commands.terminal import amount, complains, say
from event_processor.contracts.acceptance import unchecked
from event_processor.contracts.compatibility import differences
from event_processor.contracts.contract import Contract
from event_processor.contracts.publication import announced, unannounced
from event_processor.contracts.version import Version
from event_processor.errors import InvalidContract, SettingsError
from event_processor.stores.contract_directory import LIVE

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(short_help="Say what is wrong with contracts in files.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@complains
def lint(paths: tuple[Path, ...]) -> int:
    """Say what is wrong with contracts, files or all of directories, before they are published.

    What would check nothing is told, too: a format that the draft does not have, a misspelt keyword.

    Exit codes: 0 nothing; 1 something; 2 there is no such file.
    """
    files = list(_files(paths))
    faulty = 0
    for file in files:
        try:
            contract, _ = _read(file)
            found = [f"{file}: {problem}" for problem in unchecked(contract.document)]
        except InvalidContract as error:
            found = [str(error)]
        faulty += bool(found)
        for line in found:
            say(line)
    say(f"{amount(len(files), 'contract')}, {faulty or 'none'} faulty", err=True)
    return 1 if faulty else 0


@click.command(short_help="Say what changed between two versions.")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output: a list of changes.")
@complains
def diff(old: Path, new: Path, as_json: bool) -> int:
    """Say what changed between two versions of a contract, and which step of the version announces it.

    Exit codes: 0 the new version announces all of it; 1 it does not.
    """
    (before, _), (after, _) = _read(old), _read(new)
    changes = differences(before.document, after.document)
    missing = unannounced(before, after)
    if as_json:
        told = [
            {"step": each.step.name, "pointer": each.pointer, "keyword": each.keyword, "was": each.was, "now": each.now}
            | {"effect": str(each.effect), "detail": each.detail, "announced": each not in missing}
            for each in changes
        ]
        click.echo(json.dumps(told))
    else:
        for change in changes:
            say(str(change))
        step = announced(before.version, after.version).name
        all_of_it = amount(len(changes), "change")
        verdict = f"too little for {len(missing)} of {all_of_it}" if missing else f"enough for {all_of_it}"
        say(f"{before.version} to {after.version} is a new {step}: {verdict}", err=True)
    return 1 if missing else 0


def read_contracts(path: Path) -> list[tuple[Contract, str]]:
    """The contract in a file, or all in a directory, with their texts. Raises InvalidContract naming the file.

    Of a folder in it that says which version is live, as in a registry, what comes after that is left out, which is
    said: it was rolled back.
    """
    found = [(file, *_read(file)) for file in _files([path])]
    if not path.is_dir():
        return [(contract, text) for _, contract, text in found]
    return [(contract, text) for file, contract, text in found if not _is_rolled_back(file, contract)]


def _is_rolled_back(file: Path, contract: Contract) -> bool:
    live = file.parent / LIVE
    try:
        version = Version.parse(live.read_text().strip()) if live.is_file() else contract.version
    except ValueError as error:
        raise InvalidContract(f"{live}: {error}") from None
    if contract.version > version:
        say(f"{contract.subject} {contract.version}: left out, since {live} says {version}", err=True)
    return contract.version > version


def _read(file: Path) -> tuple[Contract, str]:
    try:
        content = file.read_bytes()
        return Contract.read(content), content.decode()
    except InvalidContract as error:
        raise InvalidContract(f"{file}: {error}") from None
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Of a directory, all that is called .json, however deep, but for what is hidden."""
    for path in paths:
        if path.is_dir():
            found = sorted(each for each in path.rglob("*.json") if not _is_hidden(each.relative_to(path)))
            if not found:
                raise SettingsError(f"{path}: contains no contracts (.json files)")
            yield from found
        else:
            yield path


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
