"""The records of a submission, as the peers in Python make them. Standard library only: it runs where the peers do."""

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

_NAMESPACE: Final = uuid.UUID("6f1d6c2e-0f5c-4f0e-9a63-0c2f8d5a7b11")


def records(body: str) -> Iterator[dict[str, Any]]:
    """A record for each event, in the submission's order, unchecked."""
    submission = json.loads(base64.b64decode(body))
    events = [
        (event_type, position, data)
        for event_type, group in submission["events"].items()
        for position, data in enumerate(group)
    ]
    for sequence, (event_type, position, data) in enumerate(events):
        yield {
            "event_id": str(uuid.uuid5(_NAMESPACE, f"{submission['submission_id']}/{event_type}/{position}")),
            "submission_id": submission["submission_id"],
            "device_id": submission["device_id"],
            "sequence": sequence,
            "event_type": event_type,
            "processed_at": datetime.now(UTC).isoformat(),
            "time_created": submission["time_created"],
            "event_data": data,
        }
