"""A record as a line of a raw file, and back, to the byte. Pure.

    {"sequence":"…","key":"…","arrived":"…","data":<the payload's own bytes>}
    {"sequence":"…","key":"…","arrived":"…","base64":"…"}

The second form is for a payload that is not one line of JSON.
"""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from typing import Final

import orjson

from event_processor.consuming.records import StreamRecord

_DATA: Final = b',"data":'
_BASE64: Final = b',"base64":"'
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


def line_of(record: StreamRecord, is_json: bool = False) -> bytes:
    """The line, its end included. `is_json`: somebody has read the payload as JSON already."""
    data = record.data
    key, arrived = encode_basestring_ascii(record.key), _written(record.arrived)
    head = f'{{"sequence":"{record.sequence}","key":{key},"arrived":"{arrived}"'.encode()
    if b"\n" not in data and b"\r" not in data and (is_json or _is_json(data)):
        return b"%b%b%b}\n" % (head, _DATA, data)
    return b'%b%b%b"}\n' % (head, _BASE64, b64encode(data))


def record_of(line: bytes) -> StreamRecord:
    """The record of a line, with or without its end. Raises ValueError for what is no such line."""
    line = line.removesuffix(b"\n")
    start = line.find(_DATA)  # a string of JSON has no quote behind a comma without a backslash between them
    is_own = start >= 0
    start = start if is_own else line.find(_BASE64)
    try:
        head = json.loads(line[:start] + b"}")
        data = line[start + len(_DATA) : -1] if is_own else b64decode(line[start + len(_BASE64) : -2], validate=True)
        arrived = datetime.strptime(head["arrived"], _TIME).replace(tzinfo=UTC)
        return StreamRecord(head["sequence"], head["key"], arrived, data)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"no line of a raw file: {type(error).__name__}") from None


def _written(time: datetime) -> str:
    """RFC 3339, to the microsecond, UTC."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except ValueError:
        return False
    return True
