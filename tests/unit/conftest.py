"""For unit tests: what a scrape contains once everything has happened."""

import pytest
import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from event_processor.telemetry import gateway_telemetry, inspector_telemetry, lake_telemetry, monitor_telemetry
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.testing import ManualClock
from tests.promql import Samples
from tests.unit.telemetry import test_gateway_telemetry, test_lake_telemetry, test_monitor_telemetry
from tests.unit.telemetry.test_inspector_telemetry import tell_all
from tests.unit.telemetry.test_telemetry import tell_everything


@pytest.fixture(scope="session")
def samples() -> Samples:
    """Of a process of each job, told each fact once."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    telemetry = RunTelemetry(Metrics(registry, CATALOGUE), ManualClock())
    tell_everything(telemetry.observer, "x")
    telemetry.submissions.queue_depth(1, 2, 3)
    inspector = CollectorRegistry()
    tell_all(
        inspector_telemetry.InspectorTelemetry(Metrics(inspector, inspector_telemetry.CATALOGUE), ManualClock(), "x")
    )
    gateway = CollectorRegistry()
    test_gateway_telemetry.tell_everything(
        gateway_telemetry.GatewayTelemetry(Metrics(gateway, gateway_telemetry.CATALOGUE), ManualClock(), ["people"])
    )
    lake = CollectorRegistry()
    test_lake_telemetry.tell_everything(
        lake_telemetry.LakeTelemetry(Metrics(lake, lake_telemetry.CATALOGUE), ManualClock(), ["people"])
    )
    monitor = CollectorRegistry()
    test_monitor_telemetry.tell_everything(
        monitor_telemetry.MonitorTelemetry(Metrics(monitor, monitor_telemetry.CATALOGUE), ManualClock())
    )
    structlog.reset_defaults()
    return Samples("".join(generate_latest(each).decode() for each in (registry, inspector, gateway, lake, monitor)))
