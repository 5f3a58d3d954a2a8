"""Metrics of the Lambda function on a stream, in CloudWatch's embedded metric format."""

from collections.abc import Sequence
from typing import Final

from aws_lambda_powertools.metrics import MetricUnit

from event_processor.inspection.ports import Counts
from event_processor.rejects.reject import Reject
from event_processor.telemetry.emf_stream import StreamMetrics
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.inspection_telemetry import ACCEPTED, REJECTED

VERDICTS: Final = "verdicts"
REJECTS: Final = "rejects"
NOT_KEPT: Final = "originals_not_kept"
BROKEN: Final = "records_broken"
AGE: Final = "verdict_age_seconds"


class InspectionMetrics(StreamMetrics):
    """See StreamMetrics."""

    def __init__(self, namespace: str, codes: ErrorCodes) -> None:
        super().__init__(namespace, codes, (VERDICTS, REJECTS, NOT_KEPT, BROKEN))

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
