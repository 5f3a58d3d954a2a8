"""What is in the stores of operators stays readable: what a reject always had is written byte for byte as ever."""

import json
from pathlib import Path
from typing import Any

import pytest

from event_processor import __version__
from event_processor.rejects.reject import KeptReject, Origin, Reject
from event_processor.submissions.verdicts import verdicts
from event_processor.submissions.written_event import RecordRules
from tests.unit.samples import EVENT_TYPES, RECEIVED_AT

WRITTEN_BY = "0.1.0"
MESSAGES: list[dict[str, Any]] = json.loads(Path(__file__).with_suffix(".json").read_text("ascii"))


@pytest.mark.parametrize("message", MESSAGES, ids=[message["message_id"] for message in MESSAGES])
def test_a_reject_is_stored_as_ever(message: dict[str, Any]) -> None:
    """The rejects of a body begin, byte for byte, with what version 0.1.0 stored, but for the version in it."""
    origin = Origin("queue", "submissions", message["message_id"], message["receive_count"], RECEIVED_AT, RECEIVED_AT)
    found = verdicts(message["body"], origin, RecordRules("device_id", 600, EVENT_TYPES), RECEIVED_AT)

    stored = [
        line.replace(f'"processor_version": "{WRITTEN_BY}"', f'"processor_version": "{__version__}"')
        for line in message["stored"]
    ]
    now = [reject.to_json() for reject in found if isinstance(reject, Reject)]
    assert [line[: len(old) - 1] + "}" for line, old in zip(now, stored, strict=True)] == stored != []
    for line, old in zip(now, stored, strict=True):
        assert KeptReject.model_validate_json(old).as_stored().keys() < json.loads(line).keys(), "only more keys"
