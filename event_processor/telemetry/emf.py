"""Metrics in CloudWatch's embedded metric format, by Powertools, for where nobody can scrape: in a Lambda function.

Powertools is an extra. This is the only module that imports it, and is imported only by the Lambda function.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from event_processor.clock import Clock
from event_processor.errors import CallFailed
from event_processor.publishing.stream import Record, Refused
from event_processor.rejects.reject import Reject
from event_processor.submissions.delivery import Delivery
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import NAMESPACE

RECEIVED: Final = "submissions_received"
FINISHED: Final = "submissions_finished"
UNFINISHED: Final = "submissions_unfinished"
BROKEN: Final = "submissions_broken"
PUBLISHED: Final = "events_published"
REJECTS: Final = "rejects"
REFUSED: Final = "records_refused"
VIOLATIONS: Final = "order_violations"
CALLS_FAILED: Final = "calls_failed"
AGE: Final = "submission_age_seconds"
COUNTS: Final = (
    RECEIVED,
    FINISHED,
    UNFINISHED,
    BROKEN,
    PUBLISHED,
    REJECTS,
    REFUSED,
    VIOLATIONS,
    CALLS_FAILED,
)
"""Told with every invocation, also when they are 0, for the function as a whole; some by more dimensions besides."""

Dimensions = tuple[tuple[str, str], ...]


class CloudWatchMetrics:
    """An observer that adds up the facts of one invocation, and prints them when it is over."""

    def __init__(self, clock: Clock, codes: ErrorCodes) -> None:
        self._clock, self._codes = clock, codes
        self._counts: Counter[str] = Counter()
        self._parts: Counter[tuple[str, Dimensions]] = Counter()
        self._ages: list[float] = []

    def published(self, records: Sequence[Record]) -> None:
        for event_type, events in Counter(record.event_type for record in records).items():
            self._count(PUBLISHED, events, event_type=event_type)

    def refused(self, refusals: Sequence[Refused]) -> None:
        for code, records in Counter(refusal.error_code for refusal in refusals).items():
            self._count(REFUSED, records, error_code=self._codes.label(code))

    def rejected(self, rejects: Sequence[Reject]) -> None:
        for reason, number in Counter(reject.reason.value for reject in rejects).items():
            self._count(REJECTS, number, reason=reason)

    def completed(self, delivery: Delivery, held_seconds: float) -> None:  # noqa: ARG002 - Lambda measures that
        if delivery.sent_at is not None:
            self._ages.append(max(0.0, (self._clock.now() - delivery.sent_at).total_seconds()))

    def order_violated(self, delivery: Delivery) -> None:  # noqa: ARG002 - metrics have no ids
        self._counts[VIOLATIONS] += 1

    def broken(self, delivery: Delivery, error: Exception) -> None:  # noqa: ARG002 - see above
        self._counts[BROKEN] += 1

    def failing(self, step: str, error: CallFailed) -> None:
        self._count(CALLS_FAILED, 1, step=step, error_code=self._codes.label(error.code))

    def answered(self, finished: Sequence[str], unfinished: Sequence[str]) -> None:
        self._counts[RECEIVED] += len(finished) + len(unfinished)
        self._counts[FINISHED] += len(finished)
        self._counts[UNFINISHED] += len(unfinished)

    def flush(self, function_name: str, request_id: str) -> None:
        """Print all of it on standard output, where Lambda takes it from, and begin anew."""
        counts, parts, ages = self._counts, self._parts, self._ages
        self._counts, self._parts, self._ages = Counter(), Counter(), []
        whole = _blob(function_name, request_id)
        for name in COUNTS:
            whole.add_metric(name, MetricUnit.Count, counts[name])
        for age_seconds in ages:
            whole.add_metric(AGE, MetricUnit.Seconds, age_seconds)
        if whole.metric_set:
            whole.flush_metrics()
        for (name, dimensions), number in parts.items():
            part = _blob(function_name, request_id, dimensions)
            part.add_metric(name, MetricUnit.Count, number)
            part.flush_metrics()

    def _count(self, name: str, number: int, **dimensions: str) -> None:
        self._counts[name] += number
        self._parts[name, tuple(dimensions.items())] += number


def _blob(function_name: str, request_id: str, dimensions: Dimensions = ()) -> AmazonCloudWatchEMFProvider:
    made = AmazonCloudWatchEMFProvider(
        namespace=NAMESPACE, default_dimensions={"function_name": function_name, **dict(dimensions)}
    )
    made.add_metadata("request_id", request_id)
    return made
