"""Metrics of the Lambda function on the stream of metrics, in CloudWatch's embedded metric format."""

from collections.abc import Sequence
from typing import Final

from aws_lambda_powertools.metrics import MetricUnit

from event_processor.monitoring.finding import Finding
from event_processor.monitoring.ports import Taken
from event_processor.rejects.reject import Reject
from event_processor.telemetry.emf_stream import StreamMetrics
from event_processor.telemetry.error_codes import ErrorCodes

METRICS: Final = "metrics"
FINDINGS: Final = "findings"
INCIDENTS: Final = "incidents"
REJECTS: Final = "rejects"
BROKEN: Final = "metrics_broken"
AGE: Final = "evaluation_age_seconds"


class MonitoringMetrics(StreamMetrics):
    """See StreamMetrics."""

    def __init__(self, namespace: str, codes: ErrorCodes) -> None:
        super().__init__(namespace, codes, (METRICS, FINDINGS, INCIDENTS, REJECTS, BROKEN))
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

    def flush(self, function_name: str, request_id: str) -> None:
        """See StreamMetrics."""
        if self._oldest is not None:
            self._tally.observe(AGE, MetricUnit.Seconds, self._oldest)
            self._oldest = None
        super().flush(function_name, request_id)
