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
COUNTS: Final = (RECEIVED, FINISHED, UNFINISHED, BROKEN, PUBLISHED, REJECTS, REFUSED, VIOLATIONS, CALLS_FAILED)
"""Told with every invocation, also when they are 0, for the function as a whole; some by more dimensions besides."""

Dimensions = tuple[tuple[str, str], ...]


class Tally:
    """Adds up what is told of one invocation: counts, by dimensions and for the function as a whole, and values."""

    def __init__(self, namespace: str, names: Sequence[str]) -> None:
        """The counts of these names are told also when they are 0."""
        self._namespace, self._names = namespace, names
        self._counts: Counter[str] = Counter()
        self._parts: Counter[tuple[str, Dimensions]] = Counter()
        self._values: list[tuple[str, MetricUnit, float]] = []

    def count(self, name: str, number: int, **dimensions: str) -> None:
        """So many more of it."""
        self._counts[name] += number
        if dimensions:
            self._parts[name, tuple(dimensions.items())] += number

    def observe(self, name: str, unit: MetricUnit, value: float) -> None:
        """One value more."""
        self._values.append((name, unit, value))

    def flush(self, function_name: str, request_id: str) -> None:
        """Print all of it on standard output, where Lambda takes it from, and start over."""
        counts, parts, values = self._counts, self._parts, self._values
        self._counts, self._parts, self._values = Counter(), Counter(), []
        whole = self._blob(function_name, request_id)
        for name in self._names:
            whole.add_metric(name, MetricUnit.Count, counts[name])
        for name, unit, value in values:
            whole.add_metric(name, unit, value)
        if whole.metric_set:
            whole.flush_metrics()
        for (name, dimensions), number in parts.items():
            part = self._blob(function_name, request_id, dimensions)
            part.add_metric(name, MetricUnit.Count, number)
            part.flush_metrics()

    def _blob(self, function_name: str, request_id: str, dimensions: Dimensions = ()) -> AmazonCloudWatchEMFProvider:
        made = AmazonCloudWatchEMFProvider(
            namespace=self._namespace, default_dimensions={"function_name": function_name, **dict(dimensions)}
        )
        made.add_metadata("request_id", request_id)
        return made


class InvocationMetrics:
    """An observer that adds up the facts of one invocation, and prints them when it is over."""

    def __init__(self, namespace: str, names: Sequence[str], codes: ErrorCodes) -> None:
        """See Tally."""
        self._tally, self._codes = Tally(namespace, names), codes

    def failing(self, step: str, error: CallFailed) -> None:
        self._tally.count(CALLS_FAILED, 1, step=step, error_code=self._codes.label(error.code))

    def flush(self, function_name: str, request_id: str) -> None:
        """See Tally."""
        self._tally.flush(function_name, request_id)


class CloudWatchMetrics(InvocationMetrics):
    """The metrics of the Lambda function on the queue."""

    def __init__(self, clock: Clock, codes: ErrorCodes) -> None:
        super().__init__(NAMESPACE, COUNTS, codes)
        self._clock = clock

    def published(self, records: Sequence[Record]) -> None:
        for event_type, events in Counter(record.event_type for record in records).items():
            self._tally.count(PUBLISHED, events, event_type=event_type)

    def refused(self, refusals: Sequence[Refused]) -> None:
        for code, records in Counter(refusal.error_code for refusal in refusals).items():
            self._tally.count(REFUSED, records, error_code=self._codes.label(code))

    def rejected(self, rejects: Sequence[Reject]) -> None:
        for reason, number in Counter(reject.reason.value for reject in rejects).items():
            self._tally.count(REJECTS, number, reason=reason)

    def completed(self, delivery: Delivery, held_seconds: float) -> None:  # noqa: ARG002 - Lambda measures that
        if delivery.sent_at is not None:
            age_seconds = max(0.0, (self._clock.now() - delivery.sent_at).total_seconds())
            self._tally.observe(AGE, MetricUnit.Seconds, age_seconds)

    def order_violated(self, delivery: Delivery) -> None:  # noqa: ARG002 - metrics have no ids
        self._tally.count(VIOLATIONS, 1)

    def broken(self, delivery: Delivery, error: Exception) -> None:  # noqa: ARG002 - see above
        self._tally.count(BROKEN, 1)

    def answered(self, finished: Sequence[str], unfinished: Sequence[str]) -> None:
        self._tally.count(RECEIVED, len(finished) + len(unfinished))
        self._tally.count(FINISHED, len(finished))
        self._tally.count(UNFINISHED, len(unfinished))
