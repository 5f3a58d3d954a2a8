"""Docker and compose, by their command lines, as a user would."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


def command(*arguments: str, environment: Mapping[str, str] | None = None, seconds: float = 300) -> str:
    """Standard output of a command that must succeed."""
    code, output, errors = attempt(*arguments, environment=environment, seconds=seconds)
    assert code == 0, f"{' '.join(arguments)}: exit code {code}\n{output}\n{errors}"
    return output


def attempt(
    *arguments: str, environment: Mapping[str, str] | None = None, seconds: float = 300
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    done = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def docker(*arguments: str) -> str:
    """Standard output of a docker command that must succeed."""
    return command("docker", *arguments)


def inspect(thing: str) -> dict[str, Any]:
    """All that Docker knows of a container or image."""
    return dict(json.loads(docker("inspect", thing))[0])


def logs(container: str) -> str:
    """What a container has said so far, on both its outputs."""
    _, output, errors = attempt("docker", "logs", container)
    return output + errors


def get(address: str, path: str) -> tuple[int, str]:
    """Status and body of what a published port answers."""
    try:
        with urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def until(look: Callable[[], T], what: str, seconds: float = 60) -> T:
    """The first true value that `look` returns. As `eventually`, but asks seldom: each question is a process."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}; last: {found!r}"
        time.sleep(0.5)
    return found


def labelled(kind: Sequence[str], **labels: str) -> list[str]:
    """Ids of all containers, networks or volumes that carry these labels of compose."""
    filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
    return docker(*kind, "--quiet", *filters).split()
