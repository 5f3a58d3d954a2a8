"""The metrics catalogue of `event-processor gateway`, and all that makes its log lines and metrics."""

from collections.abc import Iterable
from typing import Final

from event_processor.clock import Clock
from event_processor.gateway.ports import GatewayObserver
from event_processor.telemetry import (
    call_telemetry,
    contract_telemetry,
    denial_telemetry,
    door_telemetry,
    reject_telemetry,
    untold_telemetry,
)
from event_processor.telemetry.error_codes import ErrorCodes
from event_processor.telemetry.metrics import Metrics, declared_in
from event_processor.telemetry.progress_line import ProgressLine
from event_processor.telling import CallObserver, FanOut, facts

NAMESPACE: Final = "event_gateway"
CATALOGUE: Final = tuple(
    spec
    for spec in declared_in(
        door_telemetry,
        contract_telemetry,
        denial_telemetry,
        reject_telemetry,
        call_telemetry,
        untold_telemetry,
        namespace=NAMESPACE,
    )
    if spec.name != reject_telemetry.HALTED.name  # clients are told of each reject: none of them ends the job
)


class GatewayTelemetry:
    """The telemetry of each role. Facts reach it by `observer`."""

    def __init__(self, metrics: Metrics, clock: Clock, streams: Iterable[str]) -> None:
        codes = ErrorCodes()
        self.progress = ProgressLine(clock)
        self.untold = untold_telemetry.UntoldTelemetry(metrics, facts(GatewayObserver, CallObserver))
        self.calls = call_telemetry.CallTelemetry(metrics, codes)
        self.steps = call_telemetry.StepTelemetry(metrics, codes, clock)
        self.rejects = reject_telemetry.RejectTelemetry(metrics)
        self.door = door_telemetry.DoorTelemetry(metrics, codes, self.progress, streams)
        self.contracts = contract_telemetry.ContractTelemetry(metrics, clock)
        self.denials = denial_telemetry.DenialTelemetry(metrics, clock)
        roles = (self.door, self.contracts, self.denials, self.rejects, self.calls, self.steps, self.untold)
        self.observer = FanOut(*roles)
