"""benchmarks.container: what the processor of the image is started with, and what happens without Docker."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import container
from benchmarks.container import Image
from benchmarks.run import AT_HAND, Contained, interpreters
from tests.eventually import eventually


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    """Whether there is Docker is asked once a process: not across tests."""
    container.image.cache_clear()
    yield
    container.image.cache_clear()


def docker(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name, first on the path."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_without_docker_the_interpreter_at_hand_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said once, with Docker's own last words, and the benchmark goes on."""
    docker(tmp_path, "echo 'Cannot connect to the Docker daemon' >&2; exit 1", monkeypatch)

    assert interpreters() == interpreters() == (AT_HAND,)
    assert capsys.readouterr().err.count("Cannot connect to the Docker daemon") == 1


def test_the_images_interpreter_is_the_one_that_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes first, by its own version, and the one at hand beside it."""
    docker(tmp_path, 'if [ "$1" = build ]; then echo sha256:ours; else echo 3.13.5; fi', monkeypatch)

    quoted, beside = interpreters()

    assert (str(quoted), quoted.image) == ("3.13.5, the image", Image("sha256:ours", "3.13.5"))
    assert beside == AT_HAND


def test_a_processor_in_a_container_is_told_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that happen to be set around the benchmark; of everything else the image's own values stay."""
    docker(tmp_path, f'echo "$AWS_REGION $@" >> {tmp_path}/told; [ "$1" = inspect ] && echo 1; exit 0', monkeypatch)
    told = dict(os.environ) | {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "RECEIVERS": "4"}

    with Contained(Image("ours", "3.13.5"), told, tmp_path / "log", min(os.sched_getaffinity(0))):
        started = eventually(
            lambda: [each for each in (tmp_path / "told").read_text().splitlines() if " run " in each]
        )[0]

    assert started.startswith("eu-west-1 run --rm --network host --cpuset-cpus ")
    assert {"AWS_REGION", "AWS_ACCESS_KEY_ID", "RECEIVERS"} <= set(started.split())
    assert "PATH" not in started.split()
    assert started.endswith("ours run")
