"""What a published record must look like, written down independently of the processor."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_UUID5 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_uuid(value: object) -> bool:
    """A UUID of any version, in the usual form."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def is_uuid5(value: str) -> bool:
    """A UUID made from a name by SHA-1, in the usual form."""
    return _UUID5.fullmatch(value) is not None


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_integer(value: object) -> bool:
    return type(value) is int


def _is_object(value: object) -> bool:
    return type(value) is dict


def _is_utc_timestamp(value: object) -> bool:
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_FIELDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "event_id": (_is_text, "a string"),
    "submission_id": (_is_text, "a string"),
    "device_id": (_is_text, "a string"),
    "sequence": (_is_integer, "an integer"),
    "event_type": (_is_text, "a string"),
    "processed_at": (_is_utc_timestamp, "an RFC 3339 time in UTC"),
    "time_created": (_is_text, "a string"),
    "event_data": (_is_object, "an object"),
}


def parse(data: bytes) -> dict[str, Any] | None:
    """The JSON object a record carries, or None when it carries something else."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def format_faults(record: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with a record's form; empty for a good one."""
    faults = [
        f"{name} is not {wanted}" if name in record else f"{name} is missing"
        for name, (is_good, wanted) in _FIELDS.items()
        if name not in record or not is_good(record[name])
    ]
    return faults + [f"{name} is not a field of records" for name in record if name not in _FIELDS]
