"""What is in the image, and how it behaves by itself."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from event_processor import __version__
from tests.containers.docker import attempt, docker, inspect, until
from tests.containers.project import says

pytestmark = pytest.mark.timeout(900)

MEGABYTE = 1_000_000
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")


def _python(image: str, program: str) -> str:
    return docker("run", "--rm", *HARDENED, "--entrypoint=python", image, "-c", program)


@contextmanager
def _waiting_processor(image: str, *options: str) -> Iterator[str]:
    container = docker("run", "--detach", *HARDENED, "--env=LOCALSTACK_HOST=localstack", *options, image)
    try:
        says(container, '"waiting"')
        yield container
    finally:
        docker("rm", "--force", "--volumes", container)


def test_is_small(image: str) -> None:
    """The image is below 200 MB."""
    assert inspect(image)["Size"] < 200 * MEGABYTE


def test_runs_as_nobody_in_particular(image: str) -> None:
    """Its user is a number that is not root's, which Kubernetes can check."""
    assert inspect(image)["Config"]["User"] == "10001:10001"


def test_says_what_it_is(image: str) -> None:
    """Its labels name title, description, licence and version."""
    labels = inspect(image)["Config"]["Labels"]
    found = {name: labels[f"org.opencontainers.image.{name}"] for name in ("title", "licenses", "version")}
    assert found == {"title": "event-processor", "licenses": "Apache-2.0", "version": __version__}
    assert labels["org.opencontainers.image.description"]


def test_holds_the_package_with_its_metadata(image: str) -> None:
    """What is installed is the wheel of this version, not a folder on the path."""
    program = "from importlib.metadata import metadata as m; print(m('event-processor').get_all('Version'))"
    assert _python(image, program) == f"['{__version__}']"


def test_holds_no_tools_and_no_tests(image: str) -> None:
    """Neither pip nor a build tool nor a test is there for an attacker to use or a scanner to find."""
    names = ["pip", "setuptools", "wheel", "pytest", "moto", "tests", "benchmarks"]
    program = f"import importlib.util as i; print([n for n in {names} if i.find_spec(n)])"
    assert _python(image, program) == "[]"
    find = "command -v pip pip3 gcc cc make git curl || true"
    assert docker("run", "--rm", "--entrypoint=sh", image, "-c", find) == ""


def test_starts_from_bytecode(image: str) -> None:
    """Nothing is compiled at start: on a read-only disk it would be again at every start and every health check."""
    program = (
        "import sys, pathlib; from event_processor.commands import main, run;"
        "import event_processor.entrypoints.healthcheck, sensor_fleet.cli, local_aws.__main__;"
        "specs = [m.__spec__ for m in sys.modules.values() if getattr(m, '__spec__', None)];"
        "print([s.name for s in specs if s.has_location and s.cached and not pathlib.Path(s.cached).exists()])"
    )
    assert _python(image, program) == "[]"


@pytest.mark.parametrize(
    "program", [("event-processor", "--help"), ("sensor-fleet", "--help"), ("python", "-m", "local_aws", "--help")]
)
def test_serves_all_three_programs(image: str, program: tuple[str, ...]) -> None:
    """One image runs the processor, the fleet and the emulator."""
    first, *rest = program
    assert "usage" in docker("run", "--rm", *HARDENED, f"--entrypoint={first}", image, *rest).lower()


def test_becomes_healthy_while_it_waits_for_aws(image: str) -> None:
    """The health check passes as long as a restart would not help, and says what the processor says."""
    with _waiting_processor(image) as container:
        until(lambda: inspect(container)["State"]["Health"]["Status"] == "healthy", "healthy")
        last = inspect(container)["State"]["Health"]["Log"][-1]["Output"]
        assert json.loads(last) == {"ok": True, "reasons": []}


def test_health_check_follows_the_port(image: str) -> None:
    """With another METRICS_PORT the health check asks there."""
    with _waiting_processor(image, "--env=METRICS_PORT=9000") as container:
        until(lambda: inspect(container)["State"]["Health"]["Status"] == "healthy", "healthy")


def test_docker_stop_ends_it_well(image: str) -> None:
    """`docker stop` is heard by the processor itself, which ends at once with exit code 0 when it holds nothing."""
    with _waiting_processor(image) as container:
        started = time.monotonic()
        docker("stop", "-t", "30", container)
        assert time.monotonic() - started < 10
        assert inspect(container)["State"]["ExitCode"] == 0


def test_a_wrong_setting_ends_it_with_one_line(image: str) -> None:
    """Exit code 2 and one line: the orchestrator reports a configuration that cannot work."""
    code, _, errors = attempt("docker", "run", "--rm", *HARDENED, "--env=WAIT_TIME=99", image)
    assert code == 2
    assert errors == "event-processor: WAIT_TIME: was '99'; allowed: an integer from 0 to 20"
