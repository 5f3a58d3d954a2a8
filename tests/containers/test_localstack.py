"""docker-compose.yaml as it is, with LocalStack, through a day on which everything happens."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.containers.conftest import brought_up
from tests.containers.docker import ROOT, docker, inspect, until
from tests.containers.project import PROCESSOR, Project, published, says

pytestmark = pytest.mark.timeout(900)

FINITE = {"SENSOR_FLEET_SUBMISSIONS": "600", "SENSOR_FLEET_RATE": "10", "SENSOR_FLEET_SEED": "7"}
GRACE_SECONDS = 30


@pytest.fixture(scope="module")
def project(compose: list[str], image: str) -> Iterator[Project]:
    """LocalStack, a fleet that ends, two processors, Prometheus."""
    with brought_up(Project(compose, image, **FINITE), "--scale", f"{PROCESSOR}=2") as up:
        yield up


def _ended(container: str) -> int | None:
    state = inspect(container)["State"]
    return None if state["Running"] else int(state["ExitCode"])


def _alerts(path: Path) -> set[str]:
    groups = yaml.safe_load(path.read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def test_nothing_is_lost_by_kills_stops_and_cuts(project: Project) -> None:
    """One processor is killed, the network is cut, the other is stopped, all while a fleet sends: the audit passes."""
    killed, stopped = project.scale(2)
    fleet = project.container("sensor-fleet")
    for processor in (killed, stopped):
        until(partial(published, processor), "both processors at work")

    docker("kill", "--signal=KILL", killed)
    project.cut_off("localstack")
    says(stopped, "failing, will go on trying")
    project.join("localstack")
    says(stopped, "working again")
    project.scale(2)

    assert _ended(fleet) is None, "the fleet was done too early for this test to mean anything"
    docker("stop", "-t", str(GRACE_SECONDS), stopped)
    assert _ended(stopped) == 0
    until(lambda: _ended(fleet) == 0, "the fleet to end well", seconds=180)

    report = project.audit()
    assert report["passed"], report
    assert report["submissions"] == int(FINITE["SENSOR_FLEET_SUBMISSIONS"])


def test_prometheus_sees_every_replica(project: Project) -> None:
    """Prometheus finds all processors by itself and reaches each of them."""
    project.scale(3)
    until(lambda: _health_of_targets(project) == ["up"] * 3, "three targets up")


def test_every_alert_rule_is_loaded(project: Project) -> None:
    """Prometheus has taken every rule of alerts.yml, and can evaluate it."""

    def rules() -> dict[str, str]:
        return {
            rule["name"]: rule["health"]
            for group in project.prometheus("rules?type=alert")["groups"]
            for rule in group["rules"]
        }

    alerts = _alerts(ROOT / "deploy/prometheus/alerts.yml")
    until(lambda: rules() == dict.fromkeys(alerts, "ok"), "all rules evaluated")


def test_goes_on_when_localstack_has_forgotten_everything(project: Project) -> None:
    """After a restart of LocalStack the processor says what is missing, waits, and works once it is there again."""
    (processor,) = project.scale(1)
    docker("restart", project.container("localstack"))
    says(processor, "failing, will go on trying")
    project.compose("up", "-d", "--no-deps", "sensor-fleet", SENSOR_FLEET_SUBMISSIONS="30", SENSOR_FLEET_SEED="8")
    says(processor, "working again", seconds=120)
    assert inspect(processor)["RestartCount"] == 0

    fleet = project.container("sensor-fleet")
    until(lambda: _ended(fleet) == 0, "the fleet to end well", seconds=120)
    report = project.audit("--allow-others")  # what it had in hand it publishes on the new stream
    assert report["passed"], report
    assert report["submissions"] == 30


def _health_of_targets(project: Project) -> list[str]:
    return [target["health"] for target in project.prometheus("targets?state=active")["activeTargets"]]
