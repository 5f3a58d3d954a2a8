"""A message, what may be in it, and the checksums SQS answers with."""

import base64
import binascii
import hashlib
import re
import struct
from dataclasses import dataclass
from enum import Enum

from local_aws.errors import Json
from local_aws.sqs.errors import invalid_parameter, sqs_error
from local_aws.sqs.params import text

MAX_ATTRIBUTES = 10
_FIRST_SEQUENCE_NUMBER = 18_850_000_000_000_000_000
_DATA_TYPE = re.compile(r"(String|Number|Binary)(\.[A-Za-z0-9_.-]+)?")
# "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", SendMessage in the SQS API reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class State(Enum):
    """Where a message is in its life."""

    OUTSIDE = "outside"  # in no queue: not sent yet, or deleted
    VISIBLE = "visible"
    DELAYED = "delayed"
    IN_FLIGHT = "in_flight"


@dataclass(slots=True, eq=False)
class Message:
    """A message in a queue; times in seconds since 1970.

    ``deadline`` is when a delayed or in-flight message becomes visible; ``serial`` is its number in its queue. A
    ``copy`` is what the faults make of a message that is delivered twice.
    """

    id: str
    body: str
    sent_at: float
    attributes: Json | None = None
    trace_header: str | None = None
    dead_letter_source_arn: str | None = None
    group_id: str = ""
    deduplication_id: str = ""
    copy: bool = False
    serial: int = 0
    state: State = State.OUTSIDE
    deadline: float = 0.0
    receive_count: int = 0
    first_received_at: float = 0.0
    last_received_at: float = 0.0

    @property
    def sequence_number(self) -> str:
        """Of a FIFO queue: 20 digits that rise with each message."""
        return str(_FIRST_SEQUENCE_NUMBER + self.serial)


def checked_body(params: Json) -> str:
    """The MessageBody. Raises MissingParameter and InvalidMessageContents."""
    body = text(params, "MessageBody")
    _check_characters(body)
    return body


def _check_characters(value: str) -> None:
    if found := _FORBIDDEN.search(value):
        raise sqs_error("InvalidMessageContents", f"Invalid character at position {found.start()}: {found.group()!a}.")


def checked_attributes(params: Json, name: str) -> Json | None:
    """MessageAttributes or MessageSystemAttributes, or None when there are none. Raises InvalidParameterValue."""
    attributes = params.get(name)
    if not attributes:
        return None
    if not isinstance(attributes, dict):
        raise invalid_parameter(name, attributes, "Must be a map.")
    if len(attributes) > MAX_ATTRIBUTES:
        raise invalid_parameter(name, len(attributes), f"At most {MAX_ATTRIBUTES} attributes.")
    for key, value in attributes.items():
        _check_characters(key)
        _check_attribute(key, value)
    return attributes


def _check_attribute(name: str, value: object) -> None:
    data_type = value.get("DataType") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(data_type, str) or not _DATA_TYPE.fullmatch(data_type):
        raise invalid_parameter(name, value, "DataType must start with String, Number or Binary.")
    field = "BinaryValue" if data_type.startswith("Binary") else "StringValue"
    content = value.get(field)
    if not isinstance(content, str) or not content:
        raise invalid_parameter(name, value, f"{field} must be there and not empty.")
    _check_characters(content)
    if field == "BinaryValue":
        try:
            base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise invalid_parameter(name, value, f"BinaryValue is not base64: {error}") from error


def _attribute_parts(name: str, value: Json) -> tuple[bytes, bytes, bytes]:
    data_type: str = value["DataType"]
    if data_type.startswith("Binary"):
        return name.encode(), data_type.encode(), base64.b64decode(value["BinaryValue"])
    return name.encode(), data_type.encode(), value["StringValue"].encode()


def size_bytes(body: str, attributes: Json | None) -> int:
    """What counts against the limit: the body, and each attribute's name, type and value."""
    attribute_bytes = sum(
        len(part) for name, value in (attributes or {}).items() for part in _attribute_parts(name, value)
    )
    return len(body.encode()) + attribute_bytes


def md5_of_body(body: str) -> str:
    """MD5OfMessageBody; botocore compares it with its own."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Json) -> str:
    """MD5OfMessageAttributes, as "Calculating the MD5 message digest for message attributes" in the SQS guide says."""
    digest = hashlib.md5(usedforsecurity=False)
    for key in sorted(attributes):
        name, data_type, content = _attribute_parts(key, attributes[key])
        transport = b"\x02" if data_type.startswith(b"Binary") else b"\x01"
        for part in (_with_length(name), _with_length(data_type), transport, _with_length(content)):
            digest.update(part)
    return digest.hexdigest()


def _with_length(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
