"""The metrics catalogue of `event-processor monitor`, and all that makes its log lines and metrics."""

from typing import Final

from event_processor.clock import Clock
from event_processor.consuming.ports import ReadingObserver
from event_processor.monitoring.ports import MonitorObserver
from event_processor.notices.ports import NoticeObserver
from event_processor.telemetry import (
    call_telemetry,
    monitoring_telemetry,
    notice_telemetry,
    reading_telemetry,
    reject_telemetry,
    untold_telemetry,
)
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import Metrics, declared_in
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telling import CallObserver, FanOut, facts

NAMESPACE: Final = "event_monitor"
CATALOGUE: Final = tuple(
    spec
    for spec in declared_in(
        monitoring_telemetry,
        reject_telemetry,
        reading_telemetry,
        notice_telemetry,
        call_telemetry,
        untold_telemetry,
        namespace=NAMESPACE,
    )
    if spec.name != reject_telemetry.HALTED.name  # reading a stream is not ended by rejects: nothing is deleted
)


class MonitorTelemetry:
    """The telemetry of each role. Facts reach it by `observer`."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        codes = ErrorCodes()
        self.progress = ProgressLine(clock)
        told = facts(MonitorObserver, ReadingObserver, NoticeObserver, CallObserver)
        self.untold = untold_telemetry.UntoldTelemetry(metrics, told)
        self.calls = call_telemetry.CallTelemetry(metrics, codes)
        self.steps = call_telemetry.StepTelemetry(metrics, codes, clock)
        self.rejects = reject_telemetry.RejectTelemetry(metrics)
        self.reading = reading_telemetry.ReadingTelemetry(metrics, clock, self.progress)
        self.monitoring = monitoring_telemetry.MonitoringTelemetry(metrics, clock, self.progress)
        self.notices = notice_telemetry.NoticeTelemetry(metrics)
        roles = (self.monitoring, self.rejects, self.reading, self.notices)
        self.observer = FanOut(*roles, self.calls, self.steps, self.untold)
