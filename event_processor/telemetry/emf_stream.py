"""What both Lambda functions on a stream tell in CloudWatch's embedded metric format."""

from collections.abc import Sequence
from typing import Final

from event_processor.errors import NotSent
from event_processor.notices.notice import Message
from event_processor.telemetry.emf import CALLS_FAILED, InvocationMetrics
from event_processor.telemetry.error_codes import ErrorCodes

NOTICES_SENT: Final = "notices_sent"
NOTICES_FAILED: Final = "notices_failed"
RECORDS: Final = "records"
UNFINISHED: Final = "records_unfinished"
COUNTS: Final = (RECORDS, UNFINISHED, CALLS_FAILED, NOTICES_SENT, NOTICES_FAILED)
"""Told with every invocation, also when they are 0, for the function as a whole; some by more dimensions besides."""


class StreamMetrics(InvocationMetrics):
    """The metrics of a Lambda function on a stream."""

    def __init__(self, namespace: str, codes: ErrorCodes, more_counts: Sequence[str]) -> None:
        """`more_counts` are told like COUNTS."""
        super().__init__(namespace, (*COUNTS, *more_counts), codes)

    def notified(self, channel: str, message: Message) -> None:  # noqa: ARG002 - how many messages
        self._tally.count(NOTICES_SENT, 1, channel=channel)

    def not_notified(self, channel: str, message: Message, error: NotSent) -> None:  # noqa: ARG002 - see above
        self._tally.count(NOTICES_FAILED, 1, channel=channel)

    def answered(self, finished: Sequence[str], unfinished: Sequence[str]) -> None:
        self._tally.count(RECORDS, len(finished) + len(unfinished))
        self._tally.count(UNFINISHED, len(unfinished))
