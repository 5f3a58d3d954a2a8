"""The image of the Dockerfile, built and run by Docker: the interpreter that users get, beside the one at hand."""

import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
_BUILD_SECONDS: Final = 900


class Image(NamedTuple):
    """Its id, and the version of its Python."""

    name: str
    python: str


@cache
def image() -> Image | None:
    """Built from what is here now; None without Docker, or if it cannot build here: why not is said on stderr."""
    try:
        name = _docker("build", "--quiet", str(ROOT))
        version = "import platform; print(platform.python_version())"
        return Image(name, _docker("run", "--rm", "--entrypoint", "python", name, "-c", version))
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", None) or error).strip().splitlines()[-1:]
        print(f"Not measured on the image's Python, only on the one at hand: {' '.join(said)}", file=sys.stderr)
        return None


def run_command(of: Image, core: int | None, variables: Iterable[str], *more: str) -> tuple[str, ...]:
    """`docker run` on the host's network and that core; `more` are its further options. Follow it with arguments.

    The values of the variables come from the environment that it is called with.
    """
    pinned = () if core is None else ("--cpuset-cpus", str(core))
    named = [option for name in variables for option in ("--env", name)]
    return ("docker", "run", "--rm", "--network", "host", *pinned, *named, *more, of.name)


def process_id(container: str) -> int:
    """Of its main process, as the host sees it; 0 while there is none."""
    try:
        return int(_docker("inspect", "--format", "{{.State.Pid}}", container))
    except subprocess.SubprocessError:
        return 0


def kill(container: str) -> None:
    """At once; nothing if it has ended by itself."""
    subprocess.run(["docker", "kill", container], capture_output=True, check=False)


def _docker(*arguments: str) -> str:
    environment = os.environ | {"DOCKER_BUILDKIT": "1"}  # the older builder knows no mounts
    done = subprocess.run(
        ["docker", *arguments], env=environment, capture_output=True, text=True, check=True, timeout=_BUILD_SECONDS
    )
    return done.stdout.strip()
