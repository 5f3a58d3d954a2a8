"""The container tests build images and need minutes and Docker: they run only when they are named.

make container-test
make container-test COMPOSE=docker-compose
"""

import os
import shlex
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.containers.docker import command, docker
from tests.containers.project import Project

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which compose."""
    parser.addoption("--compose", default="docker compose", help="or docker-compose (container tests)")


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Left out of a run of all tests."""
    named = (Path(argument.split("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(HERE) for path in named) else True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the containers said."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        projects = [value for value in item.funcargs.values() if isinstance(value, Project)]
        report.sections.extend(("containers", project.logs()) for project in projects)
    return report


@pytest.fixture(scope="session")
def compose(request: pytest.FixtureRequest) -> list[str]:
    """The compose command."""
    return shlex.split(request.config.getoption("--compose"))


@pytest.fixture(scope="session")
def image(compose: list[str]) -> Iterator[str]:
    """The image, built by compose from the Dockerfile as it is."""
    tag = f"event-processor:test-{uuid4().hex[:8]}"
    command(*compose, "build", "event-processor", environment=os.environ | {"EVENT_PROCESSOR_IMAGE": tag}, seconds=600)
    yield tag
    docker("rmi", tag)


@contextmanager
def brought_up(project: Project, *services: str, **environment: str) -> Iterator[Project]:
    """The project, up; taken down whatever happens, and nothing of it is left."""
    try:
        project.compose("up", "-d", *services, **environment)
        yield project
    finally:
        project.down()
    assert project.remains() == []
