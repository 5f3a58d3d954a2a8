"""What the telemetry of every job has: its calls, its steps, its rejects, how it gets on, and what was not told."""

from event_processor.clock import Clock
from event_processor.telemetry.call_telemetry import CallTelemetry, StepTelemetry
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telemetry.reject_telemetry import RejectTelemetry
from event_processor.telemetry.untold_telemetry import UntoldTelemetry
from event_processor.telling import CallObserver, FanOut, facts


class JobTelemetry:
    """The telemetry of each role. Facts reach it by `observer`, which each job makes with `heard_by`."""

    observer: FanOut

    def __init__(self, metrics: Metrics, clock: Clock, *told: type) -> None:
        """`told`: the protocols of the job, beside that of calls."""
        self.metrics, self.codes, self.progress = metrics, ErrorCodes(), ProgressLine(clock)
        self.untold = UntoldTelemetry(metrics, facts(*told, CallObserver))
        self.calls = CallTelemetry(metrics, self.codes)
        self.steps = StepTelemetry(metrics, self.codes, clock)
        self.rejects = RejectTelemetry(metrics)

    def heard_by(self, *roles: object) -> FanOut:
        """By these, which are the job's own, and by those that all jobs have."""
        return FanOut(*roles, self.rejects, self.calls, self.steps, self.untold)
