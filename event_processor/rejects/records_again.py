"""Rejects of a stream's records, judged once more by the contracts that count now: see `replay`."""

from typing import Any

from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge, Refused
from event_processor.contracts.streams import Stream
from event_processor.ids import rejected_record_id
from event_processor.json_document import Unreadable, original_text, read_json
from event_processor.publishing.stream import Record
from event_processor.rejects.reject import KeptReject
from event_processor.rejects.replay import Place
from event_processor.verdict import Fault, Reason


class RecordsAgain:
    """See Again. A record goes back onto its stream, with the partition key it had, by itself.

    Those of one key keep the order in which they were on the stream. The stream has an `id`: without one, readers
    could not tell a repeat from another record.
    """

    def __init__(self, stream: Stream, contracts: ContractSet, limit_bytes: int) -> None:
        self._stream, self._judge = stream, Judge(stream)
        self._contracts, self._limit_bytes = contracts, limit_bytes

    def line(self, kept: KeptReject) -> str:
        """See Again."""
        return line_of_record(kept)

    def judge(self, kept: KeptReject, repaired: str | None) -> list[Record] | tuple[Fault, ...]:
        """See Again. An unrepaired record goes out byte for byte as it came, a repaired one as the filter wrote it."""
        if kept.original is None:
            return (Fault(Reason.INVALID, kept.pointer, "its original was too large for the store: its stream has it"),)
        if not self._is_as_it_was(kept) or kept.partition_key is None:
            detail = "stream, shard and sequence number are not those of the reject's id: it was altered"
            return (Fault(Reason.INVALID, kept.pointer, detail),)
        data = _data_of(kept, repaired)
        verdict = self._judge.judge(data, self._contracts)
        if isinstance(verdict, Refused):
            return verdict.faults
        if verdict.value.get(self._stream.id or "") is None:
            detail = "a record without its id could not be told from a repeat of it"
            return (Fault(Reason.MISSING_FIELD, f"/{self._stream.id}", detail),)
        record = Record(kept.partition_key, data, verdict.subject, 0)
        if record.size_bytes > self._limit_bytes:
            return (Fault(Reason.TOO_LARGE, "", f"it has {record.size_bytes} bytes, over the stream's limit"),)
        return [record]

    def place(self, kept: KeptReject) -> Place:
        """See Again."""
        shard, sequence = _position(kept)
        return Place(kept.reject_id, kept.partition_key, (shard, int(sequence)))

    def _is_as_it_was(self, kept: KeptReject) -> bool:
        shard, sequence = _position(kept)
        identity = rejected_record_id(self._stream.name, shard, sequence)
        return identity == kept.reject_id and sequence.isdecimal() and kept.data is not None


def _position(kept: KeptReject) -> tuple[str, str]:
    shard, _, sequence = (kept.source_id or "").rpartition("/")
    return shard, sequence


def _data_of(kept: KeptReject, repaired: str | None) -> bytes:
    """The data in a repaired line; a string there is data that was not JSON."""
    if repaired is None:
        return kept.data or b""
    try:
        document = read_json(repaired)
    except Unreadable:
        return repaired.encode()
    return (document if isinstance(document, str) else repaired.strip()).encode()


def line_of_record(kept: KeptReject) -> str:
    """The record on one line of ASCII JSON; what is not JSON is a string, and what is not text a string of base64."""
    if kept.original is None:
        return "null"
    try:
        document: Any = read_json(kept.original) if kept.original_encoding == "text" else kept.original
    except Unreadable:
        document = kept.original
    return original_text(document)
