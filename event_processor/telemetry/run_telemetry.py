"""The metrics catalogue of `event-processor run`, and all that makes its log lines and metrics."""

from collections.abc import Iterable
from typing import Final

from event_processor.clock import Clock
from event_processor.submissions.ports import Observer
from event_processor.telemetry.call_telemetry import CallTelemetry, StepTelemetry
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import Catalogue, Metrics
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telemetry.publish_telemetry import PublishTelemetry
from event_processor.telemetry.reject_telemetry import RejectTelemetry
from event_processor.telemetry.submission_telemetry import HoldTelemetry, ReceiveTelemetry
from event_processor.telemetry.untold_telemetry import UntoldTelemetry
from event_processor.telling import CallObserver, FanOut, facts

CATALOGUE: Final[Catalogue] = (
    *ReceiveTelemetry.METRICS,
    *RejectTelemetry.METRICS,
    *PublishTelemetry.METRICS,
    *HoldTelemetry.METRICS,
    *CallTelemetry.METRICS,
    *StepTelemetry.METRICS,
    *UntoldTelemetry.METRICS,
)


class RunTelemetry:
    """The telemetry of each role. Facts reach it by `observer`."""

    def __init__(self, metrics: Metrics, clock: Clock, event_types: Iterable[str] = ()) -> None:
        """`event_types` are counted from the start, so that they show as 0; others from their first event on."""
        codes = ErrorCodes()
        self.progress = ProgressLine(clock)
        self.untold = UntoldTelemetry(metrics, facts(Observer, CallObserver))
        self.calls = CallTelemetry(metrics, codes)
        self.steps = StepTelemetry(metrics, codes, clock)
        self.receiving = ReceiveTelemetry(metrics, self.progress)
        self.rejects = RejectTelemetry(metrics)
        self.publishing = PublishTelemetry(metrics, codes, self.progress, event_types)
        self.holding = HoldTelemetry(metrics, clock, self.progress, self.untold)
        self.observer = FanOut(
            self.receiving, self.rejects, self.publishing, self.holding, self.calls, self.steps, self.untold
        )
