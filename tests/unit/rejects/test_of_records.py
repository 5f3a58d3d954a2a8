"""The reject of a record of a stream."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from event_processor import __version__
from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Refused
from event_processor.contracts.version import Version
from event_processor.ids import uuid5
from event_processor.rejects.of_records import reject_of
from event_processor.rejects.reject import KeptReject
from event_processor.verdict import Fault, Reason, Sender, Stage
from tests.unit.samples import RECEIVED_AT

ARRIVED = RECEIVED_AT - timedelta(seconds=2)
SHARD, SEQUENCE = "shardId-000000000001", "49654321098765432109876543210987654321098765432109876546"
RECORD = StreamRecord(SEQUENCE, "key-1", ARRIVED, b'{"type": "page", "email": "CANARY"}')


REFUSED = Refused(
    Stage.CONTRACT,
    (
        Fault(Reason.NOT_IN_ENUM, "/properties/gender", "not one of 2", expected="m, f", found='"CANARY"'),
        Fault(Reason.NOT_A_UUID, "/properties/id", "not a UUID", expected="a UUID"),
    ),
    "page/Policy Type",
    Version(1, 0, 2),
    Sender("device-1", "analytics.js 4.1", "7.2.0"),
)


def test_explains_a_record() -> None:
    """What and where it is wrong, by which contract, from which record, who sent it, and the record as it came."""
    reject = reject_of(REFUSED, "segment", SHARD, RECORD, RECEIVED_AT)

    assert json.loads(reject.to_json()) == {
        "reject_id": uuid5(f"rejected-record/segment/{SHARD}/{SEQUENCE}"),
        "reason": "not_in_enum",
        "pointer": "/properties/gender",
        "detail": "not one of 2",
        "faults": [
            {
                "reason": "not_in_enum",
                "pointer": "/properties/gender",
                "detail": "not one of 2",
                "expected": "m, f",
                "found": '"CANARY"',
            },
            {"reason": "not_a_uuid", "pointer": "/properties/id", "detail": "not a UUID", "expected": "a UUID"},
        ],
        "submission_id": None,
        "device_id": "device-1",
        "event_type": None,
        "sequence": None,
        "message_id": None,
        "receive_count": 1,
        "received_at": RECEIVED_AT.isoformat(),
        "processor_version": __version__,
        "time_created": None,
        "original": '{"type": "page", "email": "CANARY"}',
        "stage": "contract",
        "subject": "page/Policy Type",
        "version": "1-0-2",
        "source_kind": "stream",
        "source": "segment",
        "source_id": f"{SHARD}/{SEQUENCE}",
        "sent_at": ARRIVED.isoformat(),
        "library": "analytics.js 4.1",
        "app_version": "7.2.0",
        "original_encoding": "text",
        "partition_key": "key-1",
    }


def test_summary_has_no_payload() -> None:
    """What may be logged of a record has neither its data nor an excerpt of a value."""
    reject = reject_of(REFUSED, "segment", SHARD, RECORD, RECEIVED_AT)

    assert reject.to_json().count("CANARY") == 2
    assert "CANARY" not in json.dumps(reject.summary())
    assert reject.summary()["faults"][0]["expected"] == "m, f"


@pytest.mark.parametrize("data", [b"", b"{}", "Größe \ud7ff".encode(), b"\xff\x00{", bytes(range(256)), b"aGk="])
def test_whatever_the_record_is_it_is_kept(data: bytes) -> None:
    """Data that is not text is kept in base64, says so, and is read back to the byte; so is text that looks like it."""
    reject = reject_of(REFUSED, "segment", SHARD, RECORD._replace(data=data), RECEIVED_AT)
    kept = KeptReject.model_validate_json(reject.to_json())

    assert kept.data == data
    assert kept.original_encoding == ("base64" if b"\xff" in data else "text")


def test_one_record_one_id() -> None:
    """Two jobs that refuse a record, by different versions, file it as one; another record is another reject."""
    mine = reject_of(REFUSED, "segment", SHARD, RECORD, RECEIVED_AT)
    later = reject_of(
        replace(REFUSED, version=Version(2, 0, 0), subject=None),
        "segment",
        SHARD,
        RECORD,
        RECEIVED_AT + timedelta(hours=1),
    )
    others = [
        reject_of(REFUSED, "events", SHARD, RECORD, RECEIVED_AT),
        reject_of(REFUSED, "segment", "shardId-000000000002", RECORD, RECEIVED_AT),
        reject_of(REFUSED, "segment", SHARD, RECORD._replace(sequence=SEQUENCE[:-1] + "7"), RECEIVED_AT),
    ]

    assert mine.reject_id == later.reject_id
    assert len({mine.reject_id, *(each.reject_id for each in others)}) == 4
