"""The record of an event: its JSON, its ids, its key and its limit."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from event_processor.ids import event_id
from event_processor.ids import uuid5 as our_uuid5
from event_processor.publishing.stream import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.verdicts import unfit, verdicts
from event_processor.submissions.written_event import PartitionKey, RecordRules, serialise
from tests.unit.samples import (
    DEVICE_ID,
    EVENT_TYPES,
    RECEIVED_AT,
    RULES,
    SUBMISSION_ID,
    TIME_CREATED,
    connection,
    delivery,
    faults,
    judge,
    process,
    records,
    rejects,
    submission,
)

NAMESPACE = UUID("6f0e9f1c-1d0b-5d57-9d38-0f5cf1f7c1b4")


def ids(body: Any) -> dict[int, str]:
    """The event ids of a body by sequence."""
    return {record.sequence: json.loads(record.data)["event_id"] for record in records(body)}


def test_format() -> None:
    """A record is compact JSON with just these keys, in this order, and these values."""
    expected = {
        "event_id": str(uuid5(NAMESPACE, f"{SUBMISSION_ID}/network_connection/0")),
        "submission_id": SUBMISSION_ID,
        "device_id": DEVICE_ID,
        "sequence": 1,
        "event_type": "network_connection",
        "processed_at": "2026-01-02T03:04:05.678901Z",
        "time_created": TIME_CREATED,
        "event_data": {"source_ip": "192.168.0.2", "destination_ip": "23.13.252.39", "destination_port": 43696},
    }

    [_, record] = records(submission())

    assert record.data.decode() == json.dumps(expected, separators=(",", ":"))
    assert record == Record(DEVICE_ID, record.data, "network_connection", 1, SUBMISSION_ID)


def test_event_data_order() -> None:
    """The fields of an event come in the order of its model, whatever order they were sent in."""
    event = {"user": "admin", "extra": 1, "cmdl": "whoami"}

    [record] = records(submission(events={"new_process": [event]}))

    assert b'"event_data":{"cmdl":"whoami","user":"admin"}' in record.data


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), "2026-01-02T03:04:05.678901Z"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026-12-31T23:59:59.000000Z"),
    ],
)
def test_processed_at(moment: datetime, text: str) -> None:
    """The backend's time is RFC 3339 in UTC, always with microseconds and Z."""
    message = delivery(submission())
    for verdict in verdicts(message.body, message.origin, RecordRules("device_id", 1024, EVENT_TYPES), moment):
        assert isinstance(verdict, Record)
        assert json.loads(verdict.data)["processed_at"] == text


@pytest.mark.parametrize(("setting", "key"), [("device_id", DEVICE_ID), ("submission_id", SUBMISSION_ID)])
def test_partition_key(setting: PartitionKey, key: str) -> None:
    """All records of a submission have the same partition key, the id that the setting names."""
    assert {r.partition_key for r in records(submission(), RecordRules(setting, 1024, EVENT_TYPES))} == {key}


def test_event_id_ignores_faulty_siblings() -> None:
    """A rejected event changes no id and no sequence of its siblings: positions count what was received."""
    sound = submission(events={"new_process": [process()] * 3, "network_connection": [connection()] * 2})
    faulty = submission(
        events={"new_process": [None, process(), {}], "network_connection": [{"source_ip": 1}, connection()]}
    )

    assert list(ids(faulty)) == [1, 4]
    assert ids(faulty).items() <= ids(sound).items()
    assert len(set(ids(sound).values())) == 5


def test_event_id_is_the_same_again() -> None:
    """A redelivery, another encoding and another spelling of the submission's UUID make the same event ids."""
    again = submission(submission_id=SUBMISSION_ID.upper(), time_created="2022-01-01T00:00:00")

    assert ids(again) == ids(submission())
    assert ids(submission(submission_id=DEVICE_ID)) != ids(submission())


@pytest.mark.parametrize("name", ["", "a", f"{SUBMISSION_ID}/new_process/0", "čaj ☕", "x" * 10_000])
def test_uuid5(name: str) -> None:
    """Our quick UUIDs are those of the standard library."""
    assert our_uuid5(name) == str(uuid5(NAMESPACE, name))


def test_event_id_name() -> None:
    """The name under an event id is submission, type and position, as the README tells readers."""
    assert event_id(SUBMISSION_ID.upper(), "new_process", 7) == str(uuid5(NAMESPACE, f"{SUBMISSION_ID}/new_process/7"))


@pytest.mark.parametrize("cmdl", ["whoami", "čaj ☕ 😀", '\x00\x01"\\'])
def test_too_large(cmdl: str) -> None:
    """A record of just the stream's limit is published, one byte more is rejected; bytes count, and so does the key."""
    body = submission(events={"new_process": [process(cmdl=cmdl), process(cmdl="x")]})
    [record, _] = records(body)
    size_bytes = len(record.data) + len(DEVICE_ID)
    assert record.size_bytes == size_bytes

    assert len(records(body, RecordRules("device_id", size_bytes, EVENT_TYPES))) == 2
    [reject] = rejects(body, RecordRules("device_id", size_bytes - 1, EVENT_TYPES))

    assert faults(reject) == [("too_large", "/events/new_process/0")]
    assert json.loads(reject.original) == process(cmdl=cmdl)
    assert (reject.event_type, reject.sequence) == ("new_process", 0)
    assert str(size_bytes) in reject.faults[0].detail


def test_key_bytes_count() -> None:
    """Kinesis counts the bytes of the partition key, not its characters."""
    assert Record("č☕", b"abc", "new_process", 0).size_bytes == 8


def test_whole_reject_is_the_only_verdict() -> None:
    """Of a submission rejected as a whole nothing is published."""
    [verdict] = judge(submission(device_id="x"))

    assert isinstance(verdict, Reject)
    assert verdict.origin == delivery(submission(device_id="x")).origin
    assert verdict.origin.received_at == RECEIVED_AT


def test_serialise_anything() -> None:
    """An event type may have fields that JSON has no form for: they are written as pydantic writes them."""
    document = {"at": datetime(2026, 1, 2, tzinfo=UTC), "id": UUID(SUBMISSION_ID), "raw": b"x", "set": {1}}

    assert orjson.loads(serialise(document)) == {
        "at": "2026-01-02T00:00:00+00:00",
        "id": SUBMISSION_ID,
        "raw": "x",
        "set": [1],
    }


@pytest.mark.parametrize("limit", ["below", "far above"])
def test_the_reject_of_a_refused_record(limit: str) -> None:
    """A record that the stream refused is the reject of its event, with the limit or the word of the stream for it."""
    message = delivery(submission(events={"new_process": [{}, process(), process(cmdl="b" * 99), process()]}))
    [_, record, _] = records(message.body)
    rules = replace(RULES, limit_bytes=record.size_bytes - 1 if limit == "below" else 10_000)

    reject = unfit(message.body, message.origin, rules, record, "InvalidArgumentException")

    assert (reject.sequence, reject.faults[0].pointer) == (2, "/events/new_process/2")
    assert faults(reject)[0][0] == ("too_large" if limit == "below" else "invalid")
    assert ("InvalidArgumentException" in reject.faults[0].detail) is (limit != "below")
