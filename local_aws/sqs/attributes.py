"""Queue attributes: names, defaults, ranges. SQS carries every value as a string."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from local_aws.errors import AwsError
from local_aws.sqs.errors import invalid_parameter, sqs_error

_RANGES = {
    "VisibilityTimeout": ("visibility_seconds", 0, 43_200),
    "DelaySeconds": ("delay_seconds", 0, 900),
    "ReceiveMessageWaitTimeSeconds": ("wait_seconds", 0, 20),
    "MaximumMessageSize": ("max_message_bytes", 1_024, 1_048_576),
    "MessageRetentionPeriod": ("retention_seconds", 60, 1_209_600),
}
READ_ONLY = frozenset({
    "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
})  # fmt: skip
_NOT_EMULATED = frozenset({
    "DeduplicationScope", "FifoThroughputLimit", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "Policy",
    "RedriveAllowPolicy", "SqsManagedSseEnabled",
})  # fmt: skip
_QUEUE_ARN = re.compile(r"arn:[^:]+:sqs:[^:]*:[^:]*:[A-Za-z0-9_.-]+")
_FIFO_MODES = frozenset({"DeduplicationScope", "FifoThroughputLimit"})
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
        except (ValueError, RecursionError) as error:
            raise invalid_parameter("RedrivePolicy", text, "Redrive policy is not a valid JSON map.") from error
        if not isinstance(policy, dict):
            raise invalid_parameter("RedrivePolicy", text, "Redrive policy is not a valid JSON map.")
        for name in ("deadLetterTargetArn", "maxReceiveCount"):
            if name not in policy:
                reason = f"Redrive policy does not contain mandatory attribute: {name}."
                raise invalid_parameter("RedrivePolicy", text, reason)
        return cls(_target(text, policy["deadLetterTargetArn"]), _count(text, policy["maxReceiveCount"]))

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

    def with_changes(self, given: Mapping[str, str]) -> "QueueAttributes":
        """These attributes with the given ones in their place.

        Raises InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue and UnsupportedOperation.
        """
        return replace(self, **dict(self._parse(name, value) for name, value in given.items()))

    def first_difference(self, other: "QueueAttributes") -> str | None:
        """The name of an attribute in which the other ones differ, or None."""
        ours, theirs = self.as_strings(), other.as_strings()
        return next((name for name in {**theirs, **ours} if ours.get(name) != theirs.get(name)), None)

    def _parse(self, name: str, value: str) -> tuple[str, Any]:
        if name in _FIFO_SWITCHES and not self.fifo:
            raise _unknown(name)
        if name in _FIFO_MODES and not self.fifo:
            raise sqs_error("InvalidAttributeName", f"You can specify the {name} only when FifoQueue is set to true.")
        return _parse(name, value)

    def as_strings(self) -> dict[str, str]:
        """The attributes by SQS's names."""
        values = {name: str(getattr(self, field)) for name, (field, _, _) in _RANGES.items()}
        if self.fifo:
            switches = {name: getattr(self, field) for name, field in _FIFO_SWITCHES.items()}
            values |= {name: str(value).lower() for name, value in switches.items()}
        if self.redrive_policy is not None:
            values["RedrivePolicy"] = str(self.redrive_policy)
        return values


def _parse(name: str, value: str) -> tuple[str, Any]:
    if name == "RedrivePolicy":
        return "redrive_policy", RedrivePolicy.parse(value) if value else None
    if name in _FIFO_SWITCHES:
        return _FIFO_SWITCHES[name], _switch(name, value)
    if name in _NOT_EMULATED:
        raise sqs_error("UnsupportedOperation", f"local_aws does not emulate the queue attribute {name}.")
    if name not in _RANGES:
        raise _unknown(name)
    field, low, high = _RANGES[name]
    if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
        raise _wrong_value(name)
    return field, int(value)


def _switch(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise _wrong_value(name)
    if name == "FifoQueue" and value.lower() == "false":
        raise _wrong_value(name, " Reason: Modifying queue type is not supported.")
    return value.lower() == "true"


def _unknown(name: str) -> AwsError:
    return sqs_error("InvalidAttributeName", f"Unknown Attribute {name}.")


def _wrong_value(name: str, reason: str = "") -> AwsError:
    return sqs_error("InvalidAttributeValue", f"Invalid value for the parameter {name}.{reason}")


def _target(text: str, arn: object) -> str:
    if not isinstance(arn, str) or not _QUEUE_ARN.fullmatch(arn):
        raise invalid_parameter("RedrivePolicy", text, "Invalid value for deadLetterTargetArn.")
    return arn


def _count(text: str, count: object) -> int:
    # A number, or its digits in a string: AWS takes both.
    if isinstance(count, bool) or not re.fullmatch(r"[0-9]{1,9}", str(count)) or not 1 <= int(str(count)) <= 1000:
        reason = f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        raise invalid_parameter("RedrivePolicy", text, reason)
    return int(str(count))
