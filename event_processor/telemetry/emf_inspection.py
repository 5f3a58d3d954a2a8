"""Metrics of the Lambda function on a stream, in CloudWatch's embedded metric format."""

from collections.abc import Sequence
from typing import Final

from aws_lambda_powertools.metrics import MetricUnit

from event_processor.errors import CallFailed, NotSent
from event_processor.inspection.ports import Counts
from event_processor.notices.notice import Message
from event_processor.rejects.reject import Reject
from event_processor.telemetry.emf import Tally
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.inspection_telemetry import ACCEPTED, REJECTED

VERDICTS: Final = "verdicts"
REJECTS: Final = "rejects"
NOT_KEPT: Final = "originals_not_kept"
BROKEN: Final = "records_broken"
CALLS_FAILED: Final = "calls_failed"
NOTICES_SENT: Final = "notices_sent"
NOTICES_FAILED: Final = "notices_failed"
RECORDS: Final = "records"
UNFINISHED: Final = "records_unfinished"
AGE: Final = "verdict_age_seconds"
COUNTS: Final = (RECORDS, UNFINISHED, VERDICTS, REJECTS, NOT_KEPT, BROKEN, CALLS_FAILED, NOTICES_SENT, NOTICES_FAILED)
"""Told with every invocation, also when they are 0, for the function as a whole; some by more dimensions besides."""


class InspectionMetrics:
    """An observer that adds up the facts of one invocation, and prints them when it is over."""

    def __init__(self, namespace: str, codes: ErrorCodes) -> None:
        self._tally, self._codes = Tally(namespace, COUNTS), codes

    def judged(self, accepted: Counts, age_seconds: float) -> None:
        for subject, number in accepted.items():
            self._tally.count(VERDICTS, number, subject=subject, verdict=ACCEPTED)
        self._tally.observe(AGE, MetricUnit.Seconds, age_seconds)

    def refused(self, refused: Counts) -> None:
        for subject, number in refused.items():
            self._tally.count(VERDICTS, number, subject=subject, verdict=REJECTED)

    def rejected(self, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            self._tally.count(REJECTS, 1, reason=reject.reason.value)

    def originals_not_kept(self, rejects: Sequence[Reject]) -> None:
        self._tally.count(NOT_KEPT, len(rejects))

    def broken(self, error: Exception) -> None:  # noqa: ARG002 - metrics have no text
        self._tally.count(BROKEN, 1)

    def failing(self, step: str, error: CallFailed) -> None:
        self._tally.count(CALLS_FAILED, 1, step=step, error_code=self._codes.label(error.code))

    def notified(self, channel: str, message: Message) -> None:  # noqa: ARG002 - how many messages
        self._tally.count(NOTICES_SENT, 1, channel=channel)

    def not_notified(self, channel: str, message: Message, error: NotSent) -> None:  # noqa: ARG002 - see above
        self._tally.count(NOTICES_FAILED, 1, channel=channel)

    def answered(self, finished: Sequence[str], unfinished: Sequence[str]) -> None:
        self._tally.count(RECORDS, len(finished) + len(unfinished))
        self._tally.count(UNFINISHED, len(unfinished))

    def flush(self, function_name: str, request_id: str) -> None:
        """Print all of it on standard output, where Lambda takes it from, and begin anew."""
        self._tally.flush(function_name, request_id)
