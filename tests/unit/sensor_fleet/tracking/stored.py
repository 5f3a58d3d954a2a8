"""Rejects as a store has them, made by hand of plans: what a perfect inspector would leave."""

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from sensor_fleet.tracking.manifest import Put
from sensor_fleet.tracking.plan import TrackingRecord


def puts_of(records: Sequence[TrackingRecord]) -> list[Put]:
    """Where Kinesis would have put them."""
    return [Put(record.plan.message_id, "shard-0", str(number)) for number, record in enumerate(records)]


def stored(record: TrackingRecord, put: Put, **other: Any) -> dict[str, Any]:
    """The reject of one record, with what is to differ."""
    return {
        "reject_id": f"reject of {put.sequence}",
        "source_kind": "stream",
        "source_id": f"{put.shard}/{put.sequence}",
        "subject": record.plan.subject or None,
        "app_version": record.plan.release if record.plan.subject else None,
        "faults": [{"pointer": pointer, "reason": code, "detail": ""} for pointer, code in record.plan.faults],
        **_original(record.data),
        **other,
    }


def lines_of(rejects: Sequence[dict[str, Any]]) -> bytes:
    """Rejects as NDJSON."""
    return "".join(json.dumps(reject) + "\n" for reject in rejects).encode()


def _original(data: bytes) -> dict[str, str]:
    try:
        return {"original": data.decode(), "original_encoding": "text"}
    except UnicodeDecodeError:
        return {"original": b64encode(data).decode(), "original_encoding": "base64"}
