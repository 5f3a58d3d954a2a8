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
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import Metrics, declared_in
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telling import CallObserver, FanOut, facts

CATALOGUE: Final = declared_in(
    submission_telemetry, reject_telemetry, publish_telemetry, call_telemetry, untold_telemetry
)


class RunTelemetry:
    """The telemetry of each role. Facts reach it by `observer`."""

    def __init__(self, metrics: Metrics, clock: Clock, event_types: Iterable[str] = ()) -> None:
        """`event_types` are counted from the start, so that they show as 0; others from their first event on."""
        codes = ErrorCodes()
        self.progress = ProgressLine(clock)
        self.untold = untold_telemetry.UntoldTelemetry(metrics, facts(Observer, CallObserver))
        self.calls = call_telemetry.CallTelemetry(metrics, codes)
        self.steps = call_telemetry.StepTelemetry(metrics, codes, clock)
        self.rejects = reject_telemetry.RejectTelemetry(metrics)
        self.publishing = publish_telemetry.PublishTelemetry(metrics, codes, self.progress, event_types)
        self.submissions = submission_telemetry.SubmissionTelemetry(metrics, clock, self.progress, self.untold)
        self.observer = FanOut(self.submissions, self.rejects, self.publishing, self.calls, self.steps, self.untold)
