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
from event_processor.telemetry.job_telemetry import JobTelemetry
from event_processor.telemetry.metrics import Metrics, declared_in

NAMESPACE: Final = "event_monitor"
CATALOGUE: Final = declared_in(
    monitoring_telemetry,
    reject_telemetry,
    reading_telemetry,
    notice_telemetry,
    call_telemetry,
    untold_telemetry,
    namespace=NAMESPACE,
)


class MonitorTelemetry(JobTelemetry):
    """See JobTelemetry."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        super().__init__(metrics, clock, MonitorObserver, ReadingObserver, NoticeObserver)
        self.reading = reading_telemetry.ReadingTelemetry(metrics, clock, self.progress)
        self.monitoring = monitoring_telemetry.MonitoringTelemetry(metrics, clock, self.progress)
        self.notices = notice_telemetry.NoticeTelemetry(metrics)
        self.observer = self.heard_by(self.monitoring, self.reading, self.notices)
