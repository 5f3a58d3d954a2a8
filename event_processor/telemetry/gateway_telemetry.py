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
from event_processor.telemetry.job_telemetry import JobTelemetry
from event_processor.telemetry.metrics import Metrics, declared_in

NAMESPACE: Final = "event_gateway"
CATALOGUE: Final = declared_in(
    door_telemetry,
    contract_telemetry,
    denial_telemetry,
    reject_telemetry,
    call_telemetry,
    untold_telemetry,
    namespace=NAMESPACE,
)


class GatewayTelemetry(JobTelemetry):
    """See JobTelemetry."""

    def __init__(self, metrics: Metrics, clock: Clock, streams: Iterable[str]) -> None:
        super().__init__(metrics, clock, GatewayObserver)
        self.door = door_telemetry.DoorTelemetry(metrics, self.codes, self.progress, streams)
        self.contracts = contract_telemetry.ContractTelemetry(metrics, clock)
        self.denials = denial_telemetry.DenialTelemetry(metrics, clock)
        self.observer = self.heard_by(self.door, self.contracts, self.denials)
