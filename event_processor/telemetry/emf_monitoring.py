"""Metrics of the Lambda function on the stream of metrics, in CloudWatch's embedded metric format."""

from collections.abc import Sequence
from typing import Final

from aws_lambda_powertools.metrics import MetricUnit

from event_processor.errors import CallFailed, NotSent
from event_processor.monitoring.finding import Finding
from event_processor.monitoring.ports import Taken
from event_processor.notices.notice import Message
from event_processor.rejects.reject import Reject
from event_processor.telemetry.emf import Tally
from event_processor.telemetry.error_codes import ErrorCodes

METRICS: Final = "metrics"
FINDINGS: Final = "findings"
INCIDENTS: Final = "incidents"
REJECTS: Final = "rejects"
BROKEN: Final = "metrics_broken"
CALLS_FAILED: Final = "calls_failed"
NOTICES_SENT: Final = "notices_sent"
NOTICES_FAILED: Final = "notices_failed"
RECORDS: Final = "records"
UNFINISHED: Final = "records_unfinished"
AGE: Final = "evaluation_age_seconds"
COUNTS: Final = (
    *(RECORDS, UNFINISHED, METRICS, FINDINGS, INCIDENTS, REJECTS, BROKEN, CALLS_FAILED),
    *(NOTICES_SENT, NOTICES_FAILED),
)
"""Told with every invocation, also when they are 0, for the function as a whole; some by more dimensions besides."""


class MonitoringMetrics:
    """An observer that adds up the facts of one invocation, and prints them when it is over."""

    def __init__(self, namespace: str, codes: ErrorCodes) -> None:
        self._tally, self._codes = Tally(namespace, COUNTS), codes
        self._oldest: float | None = None

    def took(self, taken: Taken, seconds: float, age_seconds: float) -> None:  # noqa: ARG002 - an invocation has its own
        self._tally.count(METRICS, 1, outcome=taken.value)
        self._oldest = max(self._oldest or 0.0, age_seconds)

    def found(self, finding: Finding, is_new: bool) -> None:
        self._tally.count(FINDINGS, 1, detector=finding.layer)
        if is_new:
            self._tally.count(INCIDENTS, 1, severity=finding.severity)

    def rejected(self, rejects: Sequence[Reject]) -> None:
        self._tally.count(REJECTS, len(rejects))

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
        if self._oldest is not None:
            self._tally.observe(AGE, MetricUnit.Seconds, self._oldest)
            self._oldest = None
        self._tally.flush(function_name, request_id)
