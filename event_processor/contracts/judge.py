"""The verdict on a record: accepted by its contract, or refused with all that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.faults import faults_of, repeated_key
from event_processor.contracts.sender import sender_of
from event_processor.contracts.streams import Stream
from event_processor.contracts.version import Version
from event_processor.json_document import Unreadable, finite_number, read_json, read_sound_json
from event_processor.verdict import Fault, Reason, Sender, Stage

_AGGREGATED: Final = b"\xf3\x89\x9a\xc2"  # AWS: amazon-kinesis-producer, aggregation-format.md


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """A record that its contract takes; `value` is all of it, parsed."""

    contract: Contract
    value: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """The subject of its contract."""
        return self.contract.subject

    @property
    def version(self) -> Version:
        """The version of the contract it was judged by."""
        return self.contract.version

    @property
    def sender(self) -> Sender:
        """Who sent it, without what is `x-pii`."""
        return sender_of(self.value, self.contract)


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is rejected, and where that was decided. `version` is None if no contract was asked."""

    stage: Stage
    faults: tuple[Fault, ...]
    subject: str | None = None
    version: Version | None = None
    sender: Sender = Sender()  # noqa: RUF009  # frozen

    @property
    def depends_on_contracts(self) -> bool:
        """Whether it may be accepted by contracts that are newer than those it was judged by."""
        return self.stage is Stage.CONTRACT or self.faults[0].reason is Reason.NO_CONTRACT


Verdict = Accepted | Refused


class Judging(Protocol):
    """Says whether a record is valid: see Judge."""

    def judge(self, data: bytes, contracts: ContractSet) -> Verdict:
        """The verdict by these contracts."""
        ...


class Judge:
    """Judges the records of one stream. Keeps nothing of them."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._at = stream.steps

    def judge(self, data: bytes, contracts: ContractSet, document: Any = None) -> Verdict:
        """The verdict on a record as it came, by the contracts that count now; `document` if it was parsed already."""
        record = self._parsed(data, contracts, document)
        if isinstance(record, Refused):
            return record
        subject = self._stream.contract.fill(record)
        if isinstance(subject, Fault):
            return Refused(Stage.RESOLVE, (subject,), sender=sender_of(record))
        contract = contracts.contracts.get(subject)
        if contract is None:
            fault = Fault(Reason.NO_CONTRACT, "", "no contract for this subject", "a subject with a contract")
            return Refused(Stage.RESOLVE, (fault,), subject, sender=sender_of(record))
        part = self._part(record)
        if isinstance(part, Fault):
            return Refused(Stage.ENVELOPE, (part,), subject, contract.version, sender_of(record))
        faults = faults_of(contract, part, self._stream.at)
        if faults:
            return Refused(Stage.CONTRACT, faults, subject, contract.version, sender_of(record, contract))
        return Accepted(contract, record)

    def _parsed(self, data: bytes, contracts: ContractSet, document: Any) -> dict[str, Any] | Refused:
        try:
            document = read_sound_json(data, document)
        except (ValueError, TypeError):  # odd at least: read it with care, and find out what is wrong
            document = _with_care(data)
            document = self._repeated(document, contracts) or document
        if isinstance(document, Fault):
            return Refused(Stage.PARSE, (document,))
        if not isinstance(document, dict):
            fault = Fault(Reason.NOT_AN_OBJECT, "", "the record is not a JSON object", "a JSON object")
            return Refused(Stage.PARSE, (fault,))
        return document

    def _repeated(self, document: Any, contracts: ContractSet) -> Fault | None:
        """Whatever its contract is by now: that may say which names are personal."""
        subject = self._stream.contract.fill(document) if isinstance(document, dict) else None
        contract = contracts.contracts.get(subject) if isinstance(subject, str) else None
        return repeated_key(document, contract, self._stream.at)

    def _part(self, record: Mapping[str, Any]) -> Any:
        part: Any = record
        for step in self._at:
            if not isinstance(part, Mapping) or step not in part:
                return Fault(Reason.MISSING_FIELD, self._stream.at, "the part that the contract is about is missing")
            part = part[step]
        return part


def _with_care(data: bytes) -> Any:
    """The document, repeated keys told by `Repeated`, or what is wrong with it."""
    if data.startswith(_AGGREGATED):
        return Fault(Reason.AGGREGATED, "", "the KPL put several records in one: turn its aggregation off")
    try:
        return read_json(data.decode(), finite_number)
    except UnicodeDecodeError:
        return Fault(Reason.NOT_UTF8, "", "the record is not UTF-8")
    except Unreadable as error:
        return error.fault
