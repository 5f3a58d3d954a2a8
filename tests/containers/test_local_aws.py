"""The same compose services on local_aws, one fault at a time."""

from collections.abc import Iterator

import pytest

from tests.containers.conftest import brought_up
from tests.containers.docker import attempt, docker, get, inspect, logs, until
from tests.containers.project import PROCESSOR, Project, address, published, says

pytestmark = pytest.mark.timeout(900)

FILES = ("docker-compose.yaml", "deploy/compose.local_aws.yaml")
FINITE = {"SENSOR_FLEET_SUBMISSIONS": "100", "SENSOR_FLEET_RATE": "20", "SENSOR_FLEET_SEED": "7"}


@pytest.fixture
def project(compose: list[str], image: str) -> Iterator[Project]:
    """local_aws, a fleet that ends, a processor; no Prometheus."""
    made = Project(compose, image, *FILES, **FINITE)
    try:
        with brought_up(made, "sensor-fleet"):
            yield made
    finally:
        docker("rmi", f"{image}-aws")


def _passes(project: Project) -> None:
    fleet = project.container("sensor-fleet")
    until(lambda: inspect(fleet)["State"]["Status"] == "exited", "the fleet to end")
    report = project.audit()
    assert report["passed"], report
    assert report["submissions"] == int(FINITE["SENSOR_FLEET_SUBMISSIONS"])


def test_works_hardened_and_without_prometheus(project: Project) -> None:
    """On a read-only disk, without a capability, and with nobody to scrape it, the processor does all its work."""
    (processor,) = project.containers(PROCESSOR)
    status = docker("exec", processor, "cat", "/proc/1/status")
    assert "CapEff:\t0000000000000000" in status
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert attempt("docker", "exec", processor, "touch", "/data/file")[0] != 0
    assert docker("exec", processor, "id", "-u") == "10001"
    _passes(project)


def test_a_disk_that_takes_no_rejects_costs_none(project: Project) -> None:
    """REJECTS=file on a read-only disk: one line says so, it stays alive, and what it could not reject is not lost."""
    processor = project.reconfigure(REJECTS="file")
    says(processor, "Read-only file system")
    assert logs(processor).count("Read-only file system") == 1
    assert get(address(processor, 8000), "/livez")[0] == 200
    project.reconfigure(REJECTS="sqs")
    _passes(project)


def test_a_replica_that_ran_out_of_memory_is_started_again(project: Project) -> None:
    """The kernel kills one of two processors for its memory: it is started again, and nothing is lost."""
    first, _ = project.scale(2)
    until(lambda: published(first) > 0, "it to be at work")
    # The processor takes no such amount by itself. Another in its container does, and the kernel is told whom to blame.
    blame = "read -r processor </proc/1/task/1/children; echo 1000 >/proc/$processor/oom_score_adj"
    hog = "bytearray(1024**3).upper()"  # writes every page
    attempt("docker", "exec", first, "sh", "-c", f"{blame}; exec python -c '{hog}'")
    until(lambda: inspect(first)["RestartCount"] == 1, "the restart")
    _passes(project)
