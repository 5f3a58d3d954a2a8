"""What is in the stores of operators stays readable: a reject is written byte for byte as it always was."""

import json
from pathlib import Path
from typing import Any

import pytest

from event_processor import __version__
from event_processor.rejects.reject import Origin, Reject
from event_processor.submissions.verdicts import verdicts
from event_processor.submissions.written_event import RecordRules
from tests.unit.samples import EVENT_TYPES, RECEIVED_AT

WRITTEN_BY = "0.1.0"
MESSAGES: list[dict[str, Any]] = json.loads(Path(__file__).with_suffix(".json").read_text("ascii"))


@pytest.mark.parametrize("message", MESSAGES, ids=[message["message_id"] for message in MESSAGES])
def test_a_reject_is_stored_as_ever(message: dict[str, Any]) -> None:
    """The rejects of a body are, byte for byte, those that version 0.1.0 stored, but for the version in them."""
    origin = Origin("sqs", message["message_id"], message["receive_count"], RECEIVED_AT, RECEIVED_AT)
    found = verdicts(message["body"], origin, RecordRules("device_id", 600, EVENT_TYPES), RECEIVED_AT)

    stored = [
        line.replace(f'"processor_version": "{WRITTEN_BY}"', f'"processor_version": "{__version__}"')
        for line in message["stored"]
    ]
    assert [reject.to_json() for reject in found if isinstance(reject, Reject)] == stored != []
