"""Rejects of a stream's records, judged once more."""

import json
from dataclasses import replace
from typing import Any

import pytest

from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge, Refused
from event_processor.contracts.streams import Stream, Template
from event_processor.publishing.stream import Record
from event_processor.rejects.of_records import reject_of
from event_processor.rejects.records_again import RecordsAgain
from event_processor.rejects.reject import KeptReject
from event_processor.rejects.replay import plan_replay
from event_processor.verdict import Fault
from tests.unit.rejects.test_of_records import RECORD, SEQUENCE, SHARD
from tests.unit.samples import RECEIVED_AT

STREAM = Stream("segment", Template.parse("{type}/{event|name}"), id="messageId")


def contracts(*ages: str) -> ContractSet:
    """In which the age of a page is of one of these types."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "x-subject": "page/A",
        "x-version": "1-0-0",
        "type": "object",
        "properties": {"age": {"type": list(ages)}},
        "required": ["age"],
    }
    return ContractSet(1, RECEIVED_AT, {"page/A": Contract.compile(schema)})


STRICT, LIBERAL = contracts("integer"), contracts("integer", "string")
PAGE: dict[str, Any] = {"type": "page", "name": "A", "messageId": "m-1", "age": "80"}


def kept(data: Any, number: int = 0, key: str = "key-1") -> KeptReject:
    """As the inspector rejects it, and a store gives it back."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    refused = Judge(STREAM).judge(raw, STRICT)
    assert isinstance(refused, Refused)
    record = RECORD._replace(data=raw, sequence=str(int(SEQUENCE) + number), key=key)
    return KeptReject.model_validate_json(reject_of(refused, "segment", SHARD, record, RECEIVED_AT).to_json())


def again(live: ContractSet = LIBERAL, stream: Stream = STREAM, limit_bytes: int = 1024) -> RecordsAgain:
    """By these contracts."""
    return RecordsAgain(stream, live, limit_bytes)


def faults(verdict: list[Record] | tuple[Fault, ...]) -> list[tuple[str, str]]:
    """Reasons and pointers; fails if it passed."""
    assert isinstance(verdict, tuple), verdict
    return [(fault.reason.value, fault.pointer) for fault in verdict]


def test_what_the_live_contract_takes_goes_out_as_it_came() -> None:
    """Once its contract takes it, a record goes out byte for byte, with the key it had; before that it does not."""
    raw = b'{"type":"page",  "name":"A","messageId":"m-1","age":"80"}\n'

    assert again().judge(kept(raw), None) == [Record("key-1", raw, "page/A", 0)]
    assert faults(again(STRICT).judge(kept(raw), None)) == [("wrong_type", "/age")]


def test_what_is_repaired_goes_out_repaired() -> None:
    """What a filter made of the line is judged and published; the line is the record."""
    reject = kept(PAGE)
    line = again().line(reject)
    assert json.loads(line) == PAGE

    [record] = again(STRICT).judge(reject, line.replace('"80"', "80") + "\n")
    assert isinstance(record, Record)
    assert json.loads(record.data) == PAGE | {"age": 80}
    assert faults(again(STRICT).judge(reject, line)) == [("wrong_type", "/age")]


@pytest.mark.parametrize("data", [b"nonsense{", b"\xff\xfe", b"", "Zoë\n".encode()])
def test_what_is_no_json_is_given_as_a_string(data: bytes) -> None:
    """The filter gets one line of JSON for whatever the record was."""
    line = again().line(kept(data))

    assert isinstance(json.loads(line), str)
    assert line.isascii()
    assert "\n" not in line
    assert again().judge(kept(data), json.dumps(json.dumps(PAGE))) == [
        Record("key-1", json.dumps(PAGE).encode(), "page/A", 0)
    ]
    assert isinstance(again().judge(kept(data), line), tuple)


def test_a_record_without_its_id_stays() -> None:
    """A record that no reader could tell from its own repeat is not sent again."""
    reject = kept({key: value for key, value in PAGE.items() if key != "messageId"})

    assert faults(again().judge(reject, None)) == [("missing_field", "/messageId")]


def test_a_record_too_large_stays() -> None:
    """The stream's limit holds for a replay, too."""
    assert faults(again(limit_bytes=40).judge(kept(PAGE), None)) == [("too_large", "")]


@pytest.mark.parametrize(
    "change",
    [{"source_id": f"{SHARD}/1"}, {"source_id": "x"}, {"reject_id": "x"}, {"partition_key": None}, {"original": None},
     {"original_encoding": "base64"}],
)  # fmt: skip
def test_an_altered_reject_is_not_sent(change: dict[str, Any]) -> None:
    """What is not the record that the reject's id was made for, or not all of it, is not sent."""
    assert faults(again().judge(kept(PAGE).model_copy(update=change), None))[0][0] == "invalid"
    other = replace(STREAM, name="other")
    assert faults(again(stream=other).judge(kept(PAGE), None))[0][0] == "invalid"


def test_one_key_one_order() -> None:
    """Records of a key go out in the order they had on the stream, each marked by itself."""
    rejects = [kept(PAGE, number, f"key-{number % 2}") for number in (11, 4, 9, 2)]

    made = plan_replay(rejects, None, again())

    assert [(unit, lane) for unit, lane in made.lanes.items()] == [
        (rejects[number].reject_id, f"key-{key}") for number, key in ((3, 0), (1, 0), (2, 1), (0, 1))
    ]
    assert made.records == made.rejects == len(made.units) == 4


def test_what_a_door_refused_goes_onto_its_stream() -> None:
    """What the gateway refused is a record all the same: replay judges it by its contract and keeps its key."""
    raw = json.dumps(PAGE).encode()
    refused = Judge(STREAM).judge(raw, STRICT)
    assert isinstance(refused, Refused)
    record = RECORD._replace(data=raw, sequence="1795671259952203771", key="key-7")
    reject = reject_of(refused, "segment", "door-0d57aaf5", record, RECEIVED_AT, "door")
    door = KeptReject.model_validate_json(reject.to_json())

    assert door.is_record
    assert again().judge(door, None) == [Record("key-7", raw, "page/A", 0)]
    altered = door.model_copy(update={"source_id": "door-0d57aaf5/2"})
    assert [reason for reason, _ in faults(again().judge(altered, None))] == ["invalid"]
