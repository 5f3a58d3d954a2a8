"""What sending to a FIFO queue takes: a message group, and a deduplication id that is new for five minutes."""

import hashlib
import re
from collections import deque
from typing import NamedTuple

from local_aws.errors import AwsError, Json
from local_aws.sqs.attributes import QueueAttributes
from local_aws.sqs.errors import invalid_parameter, missing_parameter, wrong_parameters
from local_aws.sqs.message import Message
from local_aws.sqs.params import optional_text

DEDUPLICATION_SECONDS = 300
_ID = re.compile(r"[\x21-\x7e]{1,128}")
"""Letters, digits and punctuation."""
_NO_DEDUPLICATION = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
)


class Receipt(NamedTuple):
    """What a sender is answered."""

    message_id: str
    sequence_number: str


class Deduplication:
    """The deduplication ids of the last five minutes, deleted messages' included."""

    def __init__(self) -> None:
        self._receipts: dict[str, tuple[float, Receipt]] = {}
        self._expiries: deque[tuple[float, str]] = deque()

    def find(self, deduplication_id: str, now: float) -> Receipt | None:
        """The answer to the message that was sent with this id, if it is to stand for the next one too."""
        while self._expiries and self._expiries[0][0] <= now:
            expires_at, expired_id = self._expiries.popleft()
            if self._receipts[expired_id][0] == expires_at:
                del self._receipts[expired_id]
        expires_at, receipt = self._receipts.get(deduplication_id, (now, None))
        return receipt if expires_at > now else None

    def remember(self, deduplication_id: str, receipt: Receipt, now: float) -> None:
        """Remember that a message was sent with this id."""
        expires_at = now + DEDUPLICATION_SECONDS
        self._receipts[deduplication_id] = (expires_at, receipt)
        self._expiries.append((expires_at, deduplication_id))


def set_ids(message: Message, entry: Json, attributes: QueueAttributes) -> None:
    """Give the message its group and deduplication id. Raises MissingParameter and InvalidParameterValue."""
    message.group_id = _checked_id(entry, "MessageGroupId", attributes)
    message.deduplication_id = _checked_id(entry, "MessageDeduplicationId", attributes)
    if not attributes.fifo:
        # A group on a standard queue is for fair queues; here it has no effect.
        if message.deduplication_id:
            raise _not_for_this_type("MessageDeduplicationId", message.deduplication_id)
        return
    if entry.get("DelaySeconds"):
        raise _not_for_this_type("DelaySeconds", entry["DelaySeconds"])
    if not message.group_id:
        raise missing_parameter("MessageGroupId")
    if not message.deduplication_id:
        message.deduplication_id = _content_id(message.body, attributes)


def check_batch(entries: list[Json], attributes: QueueAttributes) -> None:
    """Raises InvalidParameterValue for a batch to a FIFO queue with an entry that lacks one of its ids.

    AWS fails such a batch as a whole (LocalStack's test_send_batch_missing_message_group_id_for_fifo_queue and
    test_send_batch_missing_deduplication_id_for_fifo_queue, validated there against AWS).
    """
    if not attributes.fifo:
        return
    for entry in entries:
        if not entry.get("MessageGroupId"):
            raise wrong_parameters("The request must contain the parameter MessageGroupId.")
        if not entry.get("MessageDeduplicationId") and not attributes.content_based_deduplication:
            raise wrong_parameters(_NO_DEDUPLICATION)


def check_attempt(params: Json, attributes: QueueAttributes) -> None:
    """Raises InvalidParameterValue for a ReceiveRequestAttemptId that is none. A good one is ignored."""
    if attributes.fifo:
        _checked_id(params, "ReceiveRequestAttemptId", attributes)


def _checked_id(entry: Json, name: str, attributes: QueueAttributes) -> str:
    value = optional_text(entry, name)
    # A FIFO queue misses an id that is empty, a standard queue, which needs none, finds it too short.
    too_short = entry.get(name) == "" and not attributes.fifo
    if too_short or (value and not _ID.fullmatch(value)):
        reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise invalid_parameter(name, value, reason)
    return value


def _content_id(body: str, attributes: QueueAttributes) -> str:
    if not attributes.content_based_deduplication:
        raise wrong_parameters(_NO_DEDUPLICATION)
    return hashlib.sha256(body.encode()).hexdigest()


def _not_for_this_type(name: str, value: object) -> AwsError:
    return invalid_parameter(name, value, "The request include parameter that is not valid for this queue type.")
