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
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import Metrics, declared_in
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telling import CallObserver, FanOut, facts

NAMESPACE: Final = "event_inspector"
CATALOGUE: Final = tuple(
    spec
    for spec in declared_in(
        inspection_telemetry,
        contract_telemetry,
        reject_telemetry,
        reading_telemetry,
        notice_telemetry,
        call_telemetry,
        untold_telemetry,
        namespace=NAMESPACE,
    )
    if spec.name != reject_telemetry.HALTED.name  # reading a stream is not ended by rejects: nothing is deleted
)


class InspectorTelemetry:
    """The telemetry of each role. Facts reach it by `observer`."""

    def __init__(self, metrics: Metrics, clock: Clock, stream: str) -> None:
        codes = ErrorCodes()
        self.progress = ProgressLine(clock)
        told = facts(InspectionObserver, ReadingObserver, NoticeObserver, CallObserver)
        self.untold = untold_telemetry.UntoldTelemetry(metrics, told)
        self.calls = call_telemetry.CallTelemetry(metrics, codes)
        self.steps = call_telemetry.StepTelemetry(metrics, codes, clock)
        self.rejects = reject_telemetry.RejectTelemetry(metrics)
        self.reading = reading_telemetry.ReadingTelemetry(metrics, clock, self.progress)
        self.inspection = inspection_telemetry.InspectionTelemetry(metrics, stream, self.progress)
        self.contracts = contract_telemetry.ContractTelemetry(metrics, clock)
        self.notices = notice_telemetry.NoticeTelemetry(metrics)
        judging = (self.inspection, self.contracts, self.rejects)
        self.observer = FanOut(*judging, self.reading, self.notices, self.calls, self.steps, self.untold)
