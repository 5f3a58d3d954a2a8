"""Where unit and property tests start from: a sound submission, and what becomes of a body."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from event_processor.publishing.stream import Record
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.verdicts import verdicts
from event_processor.submissions.written_event import RecordRules

SUBMISSION_ID = "8be01974-0f15-4d4f-809f-257a6de4d3f9"
DEVICE_ID = "31980191-fa99-4768-8a7b-0e81397ca6ef"
TIME_CREATED = "2021-03-28T15:44:18.592840"
RECEIVED_AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
EVENT_TYPES = EventModels()
RULES = RecordRules("device_id", 1024 * 1024, EVENT_TYPES)


def process(**fields: Any) -> dict[str, Any]:
    """A sound new_process event, with these fields instead of or beside its own."""
    return {"cmdl": "whoami", "user": "admin"} | fields


def connection(**fields: Any) -> dict[str, Any]:
    """A sound network_connection event, with these fields instead of or beside its own."""
    return {"source_ip": "192.168.0.2", "destination_ip": "23.13.252.39", "destination_port": 43696} | fields


def submission(**fields: Any) -> dict[str, Any]:
    """A sound submission of one event of each type, with these fields instead of or beside its own."""
    return {
        "submission_id": SUBMISSION_ID,
        "device_id": DEVICE_ID,
        "time_created": TIME_CREATED,
        "events": {"new_process": [process()], "network_connection": [connection()]},
    } | fields


def body(**fields: Any) -> str:
    """The JSON of a sound submission, with these fields instead of or beside its own."""
    return json.dumps(submission(**fields))


def without(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The document less one field."""
    return {key: value for key, value in document.items() if key != name}


def in_base64(text: str | bytes) -> str:
    """As the sensors send it."""
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def delivery(body: Any, message_id: str = "message-1", handle: str = "handle-1", receive_count: int = 1) -> Delivery:
    """A delivery of this body; anything but a string becomes its JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Delivery(message_id, handle, text, receive_count, RECEIVED_AT, RECEIVED_AT, queue="submissions")


def judge(body: Any, rules: RecordRules = RULES) -> list[Record | Reject]:
    """All verdicts on a body."""
    message = delivery(body)
    return list(verdicts(message.body, message.origin, rules, RECEIVED_AT))


def records(body: Any, rules: RecordRules = RULES) -> list[Record]:
    """What is published of a body."""
    return [verdict for verdict in judge(body, rules) if isinstance(verdict, Record)]


def rejects(body: Any, rules: RecordRules = RULES) -> list[Reject]:
    """What is rejected of a body."""
    return [verdict for verdict in judge(body, rules) if isinstance(verdict, Reject)]


def published(body: Any) -> list[Any]:
    """The event_data of what is published of a body."""
    return [json.loads(record.data)["event_data"] for record in records(body)]


def faults(reject: Reject) -> list[tuple[str, str]]:
    """Reason and pointer of everything that is wrong."""
    return [(fault.reason.value, fault.pointer) for fault in reject.faults]


def whole_faults(body: Any) -> list[tuple[str, str]]:
    """The faults for which a whole submission is rejected; fails if it is not."""
    [verdict] = judge(body)
    assert isinstance(verdict, Reject)
    assert verdict.event_type is None
    assert verdict.original == delivery(body).body
    return faults(verdict)
