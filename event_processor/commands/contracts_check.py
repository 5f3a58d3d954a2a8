"""The command that judges records in a file as a job would: event-processor contracts check."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import click

from event_processor.clock import SystemClock
from event_processor.commands.contracts_registry import open_registry, settings
from event_processor.commands.record_files import Record, name_of, reading, records
from event_processor.commands.terminal import ENVIRONMENT, complains, say
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge, Refused
from event_processor.contracts.streams import Stream, Template
from event_processor.contracts.watcher import read_set
from event_processor.errors import CallFailed, SettingsError
from event_processor.settings.streams_file import read_streams


@dataclass(slots=True)
class _Count:
    records: int = 0
    rejected: int = 0

    def as_dict(self) -> dict[str, int]:
        """In words for people and for programs."""
        return {"records": self.records, "accepted": self.records - self.rejected, "rejected": self.rejected}


@click.command(epilog=ENVIRONMENT, short_help="Judge the records of a file by the live contracts.")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--subject", metavar="TEMPLATE", help="The contract, or where a record says it: page, or {type}/{event|name}."
)
@click.option("--stream", metavar="NAME", help="Judge as records of this stream of STREAMS_FILE; instead of --subject.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output: counts, and a list of violations.")
@complains
def check(file: BinaryIO, subject: str | None, stream: str | None, as_json: bool) -> int:
    """Judge the records of a file, or of standard input (-), by the live contracts of the registry.

    The file is NDJSON, one JSON document, or an array of records. Every violation is printed: where, which contract,
    which code, and what was expected. Without --subject or --stream the registry must hold a single contract.

    Exit codes: 0 all are valid; 1 violations; 2 a setting or an argument is wrong, or there is no registry.
    """
    if subject and stream:
        raise SettingsError("--subject and --stream: give only one")
    contracts = _contracts()
    judge = Judge(_stream(stream) if stream else Stream("check", _template(subject, contracts)))
    count = _Count()
    with reading(file, "checking") as (advance, tell):
        found = _found(records(file, advance), judge, contracts, count)
        if as_json:
            _tell_json(found, count)
        else:
            for violation in found:
                tell(_as_line(name_of(file), violation))
    if not as_json:
        say(", ".join(f"{name}: {number:,}" for name, number in count.as_dict().items()), err=True)
    return 1 if count.rejected else 0


def _found(read: Iterable[Record], judge: Judge, contracts: ContractSet, count: _Count) -> Iterator[dict[str, Any]]:
    """The violations, one by one: a file may have any number of them."""
    for record in read:
        count.records += 1
        verdict = judge.judge(record.data, contracts)
        if isinstance(verdict, Refused):
            count.rejected += 1
            yield from _violations(record.line, verdict)


def _tell_json(found: Iterable[dict[str, Any]], count: _Count) -> None:
    """One document, written as it comes."""
    click.echo('{"violations": [', nl=False)
    between = ""
    for violation in found:
        click.echo(between + json.dumps(violation), nl=False)
        between = ", "
    click.echo(f"], {json.dumps(count.as_dict())[1:]}")


def _contracts() -> ContractSet:
    try:
        return read_set(open_registry(), SystemClock().now())
    except CallFailed as failure:
        raise SettingsError(f"CONTRACTS: was {settings().contracts!r}; {failure}") from failure


def _stream(name: str) -> Stream:
    streams = read_streams(settings().streams_file)
    if name not in streams:
        raise SettingsError(f"--stream: was {name!r}; allowed: {', '.join(streams)}")
    return streams[name]


def _template(subject: str | None, contracts: ContractSet) -> Template:
    if subject is None:
        if len(contracts.contracts) != 1:
            raise SettingsError(
                f"--subject: needed, since the registry has {len(contracts.contracts)} contracts; a subject, or a "
                "template such as {type}/{event|name}"
            )
        subject = next(iter(contracts.contracts))
    try:
        return Template.parse(subject)
    except ValueError as error:
        raise SettingsError(f"--subject: was {subject!r}; allowed: {error}") from None


def _violations(line: int, refused: Refused) -> Iterator[dict[str, Any]]:
    version = None if refused.version is None else str(refused.version)
    where = {"line": line, "subject": refused.subject, "version": version, "stage": str(refused.stage)}
    for fault in refused.faults:
        yield where | {
            "pointer": fault.pointer,
            "code": str(fault.reason),
            "detail": fault.detail,
            "expected": fault.expected or None,
            "found": fault.found,
        }


def _as_line(name: str, violation: dict[str, Any]) -> str:
    contract = " ".join(text for text in (violation["subject"], violation["version"]) if text)
    found = "" if violation["found"] is None else f", found {violation['found']}"
    said = f"{violation['pointer'] or '/'}: {violation['code']}: {violation['detail']}{found}"
    if violation["expected"] and violation["expected"] not in violation["detail"]:
        said += f", expected {violation['expected']}"
    return f"{name}:{violation['line']}: {f'{contract}: ' if contract else ''}{said}"
