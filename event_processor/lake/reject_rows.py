"""Kept rejects as rows of `quality.rejects`, whoever rejected. Pure."""

from datetime import datetime
from typing import Any

from event_processor.lake.loading import REJECTS
from event_processor.lake.values import microseconds
from event_processor.rejects.reject import KeptReject


def row_of(reject: KeptReject, file: str) -> tuple[Any, ...]:
    """As `values` has rows. Texts are cut to their columns; `payload_ref` names the file if the payload was cut."""
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
    return tuple(_fitting(values.get(each.name, stored.get(each.name)), each.max_bytes) for each in REJECTS.columns)


def _fitting(value: Any, most: int | None) -> Any:
    return _cut(value.replace("\0", "\ufffd"), most) if isinstance(value, str) and most else value


def _message(stored: dict[str, Any]) -> str:
    faults = stored.get("faults") or [stored]
    parts = []
    for fault in faults:
        expected = f" (expected {fault['expected']})" if fault.get("expected") else ""
        parts.append(f"{fault.get('pointer', '')}: {fault.get('reason', '')}: {fault.get('detail', '')}{expected}")
    return "; ".join(parts)


def _time(moment: datetime | None) -> int | None:
    return microseconds(moment) if moment else None


def _cut(value: str, most: int) -> str:
    """At most so many bytes, whole characters; what no text holds is replaced."""
    return value.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
