"""Counts every call by operation and outcome."""

from collections import Counter
from enum import StrEnum

_PREFIXES = {"AmazonSQS": "sqs", "Kinesis_20131202": "kinesis"}


class Outcome(StrEnum):
    """How a call ended that was not answered with an error code."""

    OK = "ok"
    RESET = "reset"  # before its work
    ANSWER_LOST = "answer_lost"  # after its work
    CLIENT_GONE = "client_gone"


class CallCounts:
    """How often each operation was called, and how that ended."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def count(self, service: str, operation: str, outcome: str) -> None:
        """Count a call. ``service`` is its part of the X-Amz-Target header, ``outcome`` an Outcome or an error code."""
        self._counts.setdefault(f"{_PREFIXES[service]}:{operation}", Counter())[outcome] += 1

    def as_json(self) -> dict[str, dict[str, int]]:
        """The counts by operation, written as an IAM policy has it ("sqs:SendMessage"), then by outcome."""
        return {operation: dict(self._counts[operation]) for operation in sorted(self._counts)}
