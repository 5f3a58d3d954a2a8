"""What tests of the judge judge by."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Judge, Refused
from event_processor.contracts.streams import Stream, Template

SEGMENT = Stream("segment", Template.parse("{type}/{event|name}"), id="messageId")
WHOLE = Stream("things", Template.parse("thing"))
KINESIS_EVENT = Path(__file__).parents[2] / "fixtures/lambda-kinesis-event.json"
PAGE = base64.b64decode(json.loads(KINESIS_EVENT.read_text())["Records"][0]["kinesis"]["data"])


def contract(subject: str, version: str = "1-0-0", **schema: Any) -> Contract:
    """A contract whose document has these keywords."""
    return Contract.compile({"x-subject": subject, "x-version": version, **schema})


def contract_set(*contracts: Contract) -> ContractSet:
    """These are all that count."""
    return ContractSet(1, datetime(2026, 1, 2, tzinfo=UTC), {each.subject: each for each in contracts})


def verdict(stream: Stream, record: Any, *contracts: Contract) -> Accepted | Refused:
    """On a record that is sent as JSON, or as these bytes."""
    data = record if isinstance(record, bytes) else json.dumps(record).encode()
    return Judge(stream).judge(data, contract_set(*contracts))


def refused(stream: Stream, record: Any, *contracts: Contract) -> Refused:
    """The same, for one that must be refused."""
    found = verdict(stream, record, *contracts)
    assert isinstance(found, Refused)
    return found


def faults(record: Any, **schema: Any) -> list[tuple[str, str]]:
    """Pointer and reason of all faults by a schema."""
    found = verdict(WHOLE, record, contract("thing", **schema))
    return [(fault.pointer, fault.reason.value) for fault in found.faults] if isinstance(found, Refused) else []
