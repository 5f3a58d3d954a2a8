"""Kept rejects as rows of `quality.rejects`, whoever rejected. Pure."""

from datetime import UTC, datetime
from typing import Any

import orjson

from event_processor.lake.loading import REJECTS
from event_processor.rejects.reject import KeptReject

_LIMITS = {str(place): column.max_bytes for place, column in enumerate(REJECTS.columns) if column.max_bytes}
_PLACES = {column.name: str(place) for place, column in enumerate(REJECTS.columns)}


def line_of(reject: KeptReject, file: str) -> bytes:
    """As `values` has lines. Texts are cut to their columns; `payload_ref` names the file if the payload was cut."""
    stored = reject.as_stored()
    payload = (reject.original or "").replace("\0", "\ufffd")
    values: dict[str, Any] = {
        "datecreated": _time(reject.received_at),
        "messageid": reject.source_id or stored.get("message_id") or reject.reject_id,
        "errormessage": _message(stored),
        "payload": payload,
        "payload_ref": file if _cut(payload, 65_535) != payload or reject.original is None else "",
        "pattern": reject.pattern,
        "payload_encoding": reject.original_encoding,
        "sent_at": _time(reject.sent_at),
    }
    for name in _PLACES:
        if name not in values:
            values[name] = stored.get(name)
    row = {_PLACES[name]: value for name, value in values.items() if value is not None}
    for place, value in row.items():
        if isinstance(value, str) and place in _LIMITS:
            row[place] = _cut(value.replace("\0", "\ufffd"), _LIMITS[place])
    return orjson.dumps(row)


def _message(stored: dict[str, Any]) -> str:
    faults = stored.get("faults") or [stored]
    parts = []
    for fault in faults:
        expected = f" (expected {fault['expected']})" if fault.get("expected") else ""
        parts.append(f"{fault.get('pointer', '')}: {fault.get('reason', '')}: {fault.get('detail', '')}{expected}")
    return "; ".join(parts)


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() if moment else None


def _cut(value: str, most: int) -> str:
    """At most so many bytes, whole characters; what no text holds is replaced."""
    return value.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
