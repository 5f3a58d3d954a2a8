"""The command that proposes a contract from samples: event-processor contracts infer."""

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import click

from event_processor.clock import SystemClock
from event_processor.commands.record_files import Record, name_of, reading, records
from event_processor.commands.terminal import amount, complains, say
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.infer import Sample
from event_processor.contracts.judge import Judge, Refused
from event_processor.contracts.streams import SUBJECT_WORDS, Stream, Template, is_subject
from event_processor.errors import InvalidContract, SettingsError
from event_processor.json_document import Unreadable, read_json, read_sound_json


@click.command(short_help="Propose a contract that accepts the records of a file.")
@click.argument("file", type=click.File("rb"))
@click.option("--subject", help="What the contract is about; otherwise the name of the file without its ending.")
@complains
def infer(file: BinaryIO, subject: str | None) -> int:
    """Propose a contract that accepts all records of a file (- is standard input), and say why it is as it is.

    The file is NDJSON, one JSON document, or an array of records, all of one subject. The contract goes to standard
    output, what was guessed and from what to standard error: read it, it is a beginning. All records are judged by the
    contract before it is printed.

    Exit codes: 0 done; 1 no contract can be made of this; 2 an argument is wrong.
    """
    named = _subject(name_of(file), subject)
    twice = file if file.seekable() else io.BytesIO(file.read())
    proposal = _sample(twice).propose(named)
    text = json.dumps(proposal.document, indent=2, ensure_ascii=False)
    contract = Contract.read(text.encode())
    twice.seek(0)
    _judge(twice, contract)
    for note in proposal.notes:
        say(f"{note.pointer or '/'}: {note.guess}: {note.evidence}", err=True)
    say(f"accepts {'the' if proposal.records == 1 else 'all'} {amount(proposal.records, 'record')}", err=True)
    click.echo(text)
    return 0


def _subject(file: str, subject: str | None) -> str:
    named = Path(file).stem if subject is None else subject
    if not is_subject(named):
        raise SettingsError(f"--subject: was {named!r}; allowed: {SUBJECT_WORDS}")
    return named


def _sample(file: BinaryIO) -> Sample:
    sample, count = Sample(), 0
    with reading(file, "looking at records") as (advance, _):
        for count, record in enumerate(records(file, advance), 1):  # noqa: B007 - asked below
            sample.add(_parsed(record))
    if not count:
        raise InvalidContract("no records, so nothing can be proposed")
    return sample


def _parsed(record: Record) -> dict[str, Any]:
    try:
        document = _document(record.data)
    except UnicodeDecodeError:
        raise InvalidContract(f"line {record.line} is not UTF-8") from None
    except Unreadable as error:
        raise InvalidContract(f"line {record.line} is not a record: {error.fault.detail}") from None
    if not isinstance(document, dict):
        raise InvalidContract(f"line {record.line} is not a JSON object")
    return document


def _document(data: bytes) -> Any:
    try:
        return read_sound_json(data)
    except (ValueError, TypeError):  # odd at least: read with care, which says what is wrong
        return read_json(data.decode())


def _judge(file: BinaryIO, contract: Contract) -> None:
    contracts = ContractSet(0, SystemClock().now(), {contract.subject: contract})
    judge = Judge(Stream("sample", Template(contract.subject, (), is_fixed=True)))
    with reading(file, "judging records") as (advance, _):
        for record in records(file, advance):
            verdict = judge.judge(record.data, contracts)
            if isinstance(verdict, Refused):
                fault = verdict.faults[0]
                raise InvalidContract(
                    f"the proposal rejects line {record.line}: {fault.pointer or '/'}: {fault.reason}: {fault.detail}"
                )
