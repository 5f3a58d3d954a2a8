"""Dockerfile and docker-compose.yaml, as far as they can be judged without Docker."""

import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from pydantic import BaseModel

from event_processor import __version__
from event_processor.metrics.shipped import document
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.monitor import MonitorSettings
from event_processor.settings.streams_file import read_streams
from event_processor.settings.submissions import SubmissionsSettings
from sensor_fleet.cli import main as sensor_fleet

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def _fleet_variables(command: str) -> set[str]:
    assert isinstance(sensor_fleet, click.Group)
    names: set[str] = set()
    for option in sensor_fleet.commands[command].params:
        names |= {option.envvar} if isinstance(option.envvar, str) else set(option.envvar or ())
    return names


_NAMES = {"QUEUE_NAME", "REJECTS_QUEUE", "STREAM_NAME"}  # given to all of them, used by most
_KNOWN = {
    "event-processor": {name.upper() for name in SubmissionsSettings.model_fields},
    "event-gateway": {name.upper() for name in GatewaySettings.model_fields},
    "event-inspector": {name.upper() for name in InspectionSettings.model_fields},
    "event-lake": {name.upper() for name in DeliverySettings.model_fields} | {"REJECTS"},  # given to all three
    "event-monitor": {name.upper() for name in MonitorSettings.model_fields},
    "door-fleet": _fleet_variables("run"),
    "audit-lake": _fleet_variables("audit"),
    "sensor-fleet": _fleet_variables("run") | _NAMES,
    "audit": _fleet_variables("audit") | _NAMES,
}

_WORKERS: dict[str, type[BaseModel]] = {
    "event-processor": SubmissionsSettings,
    "event-gateway": GatewaySettings,
    "event-inspector": InspectionSettings,
    "event-lake": DeliverySettings,
    "event-monitor": MonitorSettings,
}


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_on_loopback_only(service: str) -> None:
    """Nothing that compose starts can be reached from another machine."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", []))


@pytest.mark.parametrize("service", SERVICES)
def test_memory_and_logs_are_bounded(service: str) -> None:
    """No container can eat up the machine's memory or disk."""
    assert "mem_limit" in SERVICES[service]
    assert {"max-size", "max-file"} <= SERVICES[service]["logging"]["options"].keys()


@pytest.mark.parametrize("service", _KNOWN)
def test_every_variable_is_one_that_the_program_reads(service: str) -> None:
    """A setting that was renamed cannot be left behind, without effect, in the compose file."""
    assert set(SERVICES[service]["environment"]) <= _KNOWN[service]


def test_the_processor_scales() -> None:
    """`--scale event-processor=3` works: neither its name nor its host port is fixed."""
    assert "container_name" not in SERVICES["event-processor"]
    assert SERVICES["event-processor"]["ports"] == ["127.0.0.1::8000"]


def test_containers_are_given_more_time_than_the_processor_takes_to_stop() -> None:
    """The stop grace period of compose is longer than SHUTDOWN_GRACE."""
    for service, kind in _WORKERS.items():
        period_seconds = int(SERVICES[service]["stop_grace_period"].removesuffix("s"))
        assert period_seconds > kind.model_fields["shutdown_grace"].default


def test_jobs_of_the_pipeline_write_one_lake() -> None:
    """Delivery loads the rejects of the others, and each answers where its image's health check and Prometheus ask."""
    names = ("event-gateway", "event-inspector", "event-lake", "event-monitor")
    jobs = [SERVICES[name]["environment"] for name in names]
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    ports = {each["job_name"]: each["dns_sd_configs"][0]["port"] for each in scraped}

    assert {(job["REJECTS"], job["LAKE"]) for job in jobs} == {("lake", "dir:/data/lake")}
    assert [int(job.get("METRICS_PORT", 8001)) for job in jobs] == [ports[name] for name in names]


def test_localstack_has_the_streams_of_the_streams_file() -> None:
    """The gateway finds the streams that it takes records for."""
    streams = read_streams(str(ROOT / "deploy" / "pipeline" / "compose" / "streams.yaml"))

    assert SERVICES["localstack"]["environment"]["STREAMS"].split() == list(streams)


def test_the_contract_of_metrics_is_the_one_that_comes_with_the_program() -> None:
    """In a registry that is only read, too."""
    contract = ROOT / "deploy" / "pipeline" / "contracts" / "quality-metrics" / "1-0-0.json"

    assert contract.read_text() == document().text


def test_the_image_is_labelled_with_the_version_it_holds() -> None:
    """org.opencontainers.image.version is the version of the package."""
    assert re.search(r"^ARG VERSION=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1] == __version__  # type: ignore[index]


def test_the_wheel_carries_all_files() -> None:
    """What the program reads beside its modules, such as its template, is package data, so wheel and image have it."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    package = ROOT / "event_processor"
    files = [
        file.relative_to(package) for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    ]
    others = {file for file in files if file.suffix != ".py"}

    assert Path("status/templates/status.html") in others
    assert [file for file in others if not any(file.match(pattern) for pattern in patterns["event_processor"])] == []
