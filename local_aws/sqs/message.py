"""A message and what its body may be."""

import hashlib
from dataclasses import dataclass
from enum import Enum

from local_aws.errors import Json
from local_aws.sqs.characters import ALLOWED, forbidden_character
from local_aws.sqs.errors import sqs_error
from local_aws.sqs.message_attributes import attributes_bytes
from local_aws.sqs.params import text

_FIRST_SEQUENCE_NUMBER = 18_850_000_000_000_000_000


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
    trace_header: str = ""
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
    if found := forbidden_character(body):
        message = f"Invalid binary character '{found}' was found in the message body, {ALLOWED}"
        raise sqs_error("InvalidMessageContents", message)
    return body


def size_bytes(body: str, attributes: Json | None) -> int:
    """What counts against the limit: the body, and each attribute's name, type and value."""
    return len(body.encode()) + attributes_bytes(attributes)


def md5_of_body(body: str) -> str:
    """MD5OfMessageBody; botocore compares it with its own."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
