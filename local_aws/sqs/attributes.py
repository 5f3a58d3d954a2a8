"""Queue attributes: names, defaults, ranges. SQS carries every value as a string."""

import json
from dataclasses import dataclass, replace
from typing import Self

from local_aws.errors import Json
from local_aws.sqs.errors import invalid_parameter, sqs_error

_RANGES = {
    "VisibilityTimeout": ("visibility_seconds", 0, 43_200),
    "DelaySeconds": ("delay_seconds", 0, 900),
    "ReceiveMessageWaitTimeSeconds": ("wait_seconds", 0, 20),
    "MaximumMessageSize": ("max_message_bytes", 1_024, 1_048_576),
    "MessageRetentionPeriod": ("retention_seconds", 60, 1_209_600),
}
READ_ONLY = frozenset(
    {
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "QueueArn",
    }
)
_NOT_EMULATED = frozenset(
    {
        "DeduplicationScope",
        "FifoThroughputLimit",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "Policy",
        "RedriveAllowPolicy",
        "SqsManagedSseEnabled",
    }
)
_FIFO_SWITCHES = {"FifoQueue": "fifo", "ContentBasedDeduplication": "content_based_deduplication"}
READABLE = frozenset(_RANGES) | READ_ONLY | _NOT_EMULATED | frozenset(_FIFO_SWITCHES) | {"All", "RedrivePolicy"}


@dataclass(frozen=True)
class RedrivePolicy:
    """The RedrivePolicy attribute."""

    dead_letter_target_arn: str
    max_receive_count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the attribute's JSON. Raises InvalidParameterValue."""
        try:
            policy = json.loads(text)
            arn, count = str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])
        except (ValueError, KeyError, TypeError) as error:
            raise invalid_parameter("RedrivePolicy", text, "Needs deadLetterTargetArn and maxReceiveCount.") from error
        if not 1 <= count <= 1000:
            raise invalid_parameter("RedrivePolicy", text, "maxReceiveCount must be from 1 to 1000.")
        return cls(arn, count)

    def __str__(self) -> str:
        return json.dumps(
            {"deadLetterTargetArn": self.dead_letter_target_arn, "maxReceiveCount": self.max_receive_count}
        )


@dataclass(frozen=True)
class QueueAttributes:
    """What can be set on a queue; ``fifo`` only when it is created."""

    visibility_seconds: int = 30
    delay_seconds: int = 0
    wait_seconds: int = 0
    max_message_bytes: int = 1_048_576
    retention_seconds: int = 345_600
    redrive_policy: RedrivePolicy | None = None
    fifo: bool = False
    content_based_deduplication: bool = False

    def with_changes(self, given: Json) -> "QueueAttributes":
        """These attributes with the given ones in their place.

        Raises InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue and UnsupportedOperation.
        """
        changes: Json = {}
        for name, value in given.items():
            if name in _FIFO_SWITCHES and not self.fifo:
                raise sqs_error("InvalidAttributeName", f"Unknown Attribute {name}.")
            field, parsed = _parse(name, str(value))
            changes[field] = parsed
        return replace(self, **changes)

    def as_strings(self) -> dict[str, str]:
        """By SQS's names."""
        values = {name: str(getattr(self, field)) for name, (field, _, _) in _RANGES.items()}
        if self.fifo:
            switches = {name: getattr(self, field) for name, field in _FIFO_SWITCHES.items()}
            values |= {name: str(value).lower() for name, value in switches.items()}
        if self.redrive_policy is not None:
            values["RedrivePolicy"] = str(self.redrive_policy)
        return values


def _parse(name: str, value: str) -> tuple[str, object]:
    if name == "RedrivePolicy":
        return "redrive_policy", RedrivePolicy.parse(value) if value else None
    if name in _FIFO_SWITCHES:
        return _FIFO_SWITCHES[name], _switch(name, value)
    if name in _NOT_EMULATED:
        raise sqs_error("UnsupportedOperation", f"local_aws does not emulate the queue attribute {name}.")
    if name not in _RANGES:
        raise sqs_error("InvalidAttributeName", f"Unknown Attribute {name}.")
    field, low, high = _RANGES[name]
    if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
        raise sqs_error("InvalidAttributeValue", f"Invalid value for the parameter {name}: from {low} to {high}.")
    return field, int(value)


def _switch(name: str, value: str) -> bool:
    # A FIFO queue stays one.
    allowed = ("true",) if name == "FifoQueue" else ("true", "false")
    if value.lower() not in allowed:
        raise sqs_error("InvalidAttributeValue", f"Invalid value for the parameter {name}: {' or '.join(allowed)}.")
    return value.lower() == "true"
