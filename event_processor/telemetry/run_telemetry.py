"""The metrics catalogue of `event-processor run`, and all that makes its log lines and metrics."""

from collections.abc import Iterable
from typing import Final

from event_processor.clock import Clock
from event_processor.submissions.ports import Observer
from event_processor.telemetry import (
    call_telemetry,
    publish_telemetry,
    reject_telemetry,
    submission_telemetry,
    untold_telemetry,
)
from event_processor.telemetry.job_telemetry import JobTelemetry
from event_processor.telemetry.metrics import Metrics, declared_in

CATALOGUE: Final = declared_in(
    submission_telemetry, reject_telemetry, publish_telemetry, call_telemetry, untold_telemetry
)


class RunTelemetry(JobTelemetry):
    """See JobTelemetry."""

    def __init__(self, metrics: Metrics, clock: Clock, event_types: Iterable[str] = ()) -> None:
        """`event_types` are counted from the start, so that they show as 0; others from their first event on."""
        super().__init__(metrics, clock, Observer)
        self.publishing = publish_telemetry.PublishTelemetry(metrics, self.codes, self.progress, event_types)
        self.submissions = submission_telemetry.SubmissionTelemetry(metrics, clock, self.progress, self.untold)
        self.observer = self.heard_by(self.submissions, self.publishing)
