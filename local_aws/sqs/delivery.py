"""What a received message looks like: system and message attributes only as far as they were asked for."""

from local_aws.errors import Json
from local_aws.sqs.attributes import READABLE
from local_aws.sqs.errors import sqs_error
from local_aws.sqs.message import Message, md5_of_body
from local_aws.sqs.message_attributes import md5_of_attributes
from local_aws.sqs.params import names

_SENDER_ID = "AIDALOCALAWS"
_SYSTEM_ATTRIBUTES = frozenset({
    "All", "AWSTraceHeader", "ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn", "MessageDeduplicationId", "MessageGroupId", "SenderId", "SentTimestamp",
    "SequenceNumber",
})  # fmt: skip


def check_wanted(params: Json) -> None:
    """Raises InvalidAttributeName for a system attribute that SQS does not have."""
    # The older parameter was documented with the names of queue attributes, too; those bring nothing.
    unknown = {*names(params, "MessageSystemAttributeNames")} - _SYSTEM_ATTRIBUTES
    unknown |= {*names(params, "AttributeNames")} - _SYSTEM_ATTRIBUTES - READABLE
    if unknown:
        raise sqs_error("InvalidAttributeName", f"Unknown Attribute {min(unknown)}.")


def as_received(message: Message, handle: str, params: Json, *, fifo: bool) -> Json:
    """The message as an entry of ReceiveMessage's answer. ``fifo`` is whether its queue is one."""
    answer: Json = {
        "MessageId": message.id,
        "ReceiptHandle": handle,
        "MD5OfBody": md5_of_body(message.body),
        "Body": message.body,
    }
    if system_attributes := _system_attributes(message, params, fifo=fifo):
        answer["Attributes"] = system_attributes
    if attributes := _message_attributes(message, names(params, "MessageAttributeNames")):
        answer["MessageAttributes"] = attributes
        answer["MD5OfMessageAttributes"] = md5_of_attributes(attributes)
    return answer


def _system_attributes(message: Message, params: Json, *, fifo: bool) -> dict[str, str]:
    # AttributeNames is the older name of the same parameter.
    wanted = {*names(params, "MessageSystemAttributeNames"), *names(params, "AttributeNames")}
    if not wanted:
        return {}
    values = {
        "SenderId": _SENDER_ID,
        "SentTimestamp": _milliseconds(message.sent_at),
        "ApproximateReceiveCount": str(message.receive_count),
        "ApproximateFirstReceiveTimestamp": _milliseconds(message.first_received_at),
        "AWSTraceHeader": message.trace_header,
        "DeadLetterQueueSourceArn": message.dead_letter_source_arn,
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.deduplication_id,
        "SequenceNumber": message.sequence_number if fifo else None,
    }
    return {name: value for name, value in values.items() if value and ("All" in wanted or name in wanted)}


def _message_attributes(message: Message, wanted: list[str]) -> Json:
    return {
        name: value
        for name, value in (message.attributes or {}).items()
        if any(_selects(pattern, name) for pattern in wanted)
    }


def _selects(pattern: str, name: str) -> bool:
    # "All" or ".*" for all, "prefix.*" for those that start so (ReceiveMessage in the SQS API reference), and "*"
    # (LocalStack's test_receive_message_message_attribute_names_filters, validated there against AWS).
    return pattern in ("All", ".*", "*", name) or (pattern.endswith(".*") and name.startswith(pattern[:-2]))


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
