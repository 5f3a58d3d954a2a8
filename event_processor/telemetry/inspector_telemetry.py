"""The metrics catalogue of `event-processor inspect`, and all that makes its log lines and metrics."""

from typing import Final

from event_processor.clock import Clock
from event_processor.consuming.ports import ReadingObserver
from event_processor.inspection.ports import InspectionObserver
from event_processor.notices.ports import NoticeObserver
from event_processor.telemetry import (
    call_telemetry,
    contract_telemetry,
    inspection_telemetry,
    notice_telemetry,
    reading_telemetry,
    reject_telemetry,
    untold_telemetry,
)
from event_processor.telemetry.job_telemetry import JobTelemetry
from event_processor.telemetry.metrics import Metrics, declared_in

NAMESPACE: Final = "event_inspector"
CATALOGUE: Final = declared_in(
    inspection_telemetry,
    contract_telemetry,
    reject_telemetry,
    reading_telemetry,
    notice_telemetry,
    call_telemetry,
    untold_telemetry,
    namespace=NAMESPACE,
)


class InspectorTelemetry(JobTelemetry):
    """See JobTelemetry."""

    def __init__(self, metrics: Metrics, clock: Clock, stream: str) -> None:
        super().__init__(metrics, clock, InspectionObserver, ReadingObserver, NoticeObserver)
        self.reading = reading_telemetry.ReadingTelemetry(metrics, clock, self.progress)
        self.inspection = inspection_telemetry.InspectionTelemetry(metrics, stream, self.progress)
        self.contracts = contract_telemetry.ContractTelemetry(metrics, clock)
        self.notices = notice_telemetry.NoticeTelemetry(metrics)
        self.observer = self.heard_by(self.inspection, self.contracts, self.reading, self.notices)
