"""Who is compared: ours as it is, and two doors as others write them, each a process on the same core."""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.backend import Backend, Conditions, Load
from benchmarks.inspector.inspecting import contracts
from benchmarks.run import BACKEND_CORE, CLIENT_CORE, CREDENTIALS, Child, free_ports
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.loading import clean_environment

LATENCY_SECONDS: Final = 0.005
_STREAMS: Final = 'streams:\n  events:\n    contract: "{type}/{event|name}"\n    id: messageId\n'
_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.05

Environment = Callable[[Path, Backend, int], dict[str, str]]
"""Of a door that keeps its files in this folder, sends to this back end, and listens on this port."""


@dataclass(frozen=True, slots=True)
class Door:
    """A program to compare, and how it is started."""

    name: str
    command: tuple[str, ...]
    environment: Environment


def _ours(folder: Path, backend: Backend, port: int) -> dict[str, str]:
    (folder / "streams.yaml").write_text(_STREAMS)
    return clean_environment(
        GatewaySettings,
        AWS_ENDPOINT_URL=backend.endpoint,
        AWS_REGION="us-east-1",
        STREAMS_FILE=f"{folder}/streams.yaml",
        CONTRACTS=f"dir:{contracts(1)}",
        REJECTS="file",
        REJECTS_FILE=f"{folder}/rejects.ndjson",
        GATEWAY_PORT=str(port),
        **CREDENTIALS,
    )


def _theirs(_: Path, backend: Backend, port: int) -> dict[str, str]:
    return clean_environment(
        GatewaySettings,
        AWS_ENDPOINT_URL=backend.endpoint,
        AWS_DEFAULT_REGION="us-east-1",
        PORT=str(port),
        **CREDENTIALS,
    )


OURS: Final = Door("event-processor gateway", (sys.executable, "-m", "event_processor", "gateway"), _ours)
NAIVE: Final = Door("FastAPI, a PutRecord a request", (sys.executable, "-m", "benchmarks.gateway.doors.naive"), _theirs)
EARLY: Final = Door(
    "FastAPI, batches, answers early", (sys.executable, "-m", "benchmarks.gateway.doors.early"), _theirs
)


@dataclass(frozen=True, slots=True)
class Place:
    """A door at work, and what lies behind it."""

    child: Child
    backend: Backend
    port: int


@contextmanager
def opened(door: Door, **settings: str) -> Iterator[Place]:
    """A fresh door on a fresh back end, each on a core of its own, as soon as it listens. Raises ChildFailed."""
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory()))
        backend = running.enter_context(Backend(Load(1), Conditions(LATENCY_SECONDS), BACKEND_CORE))
        port, metrics_port = free_ports(2)  # at 0 the second could be given the first
        ours = {"METRICS_PORT": str(metrics_port)}
        environment = door.environment(folder, backend, port) | ours | settings
        child = running.enter_context(Child(door.command, environment, folder / "log", CLIENT_CORE))
        _wait_until_it_listens(child, port)
        yield Place(child, backend, port)


def _wait_until_it_listens(child: Child, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        child.require_running()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody listens within {_START_SECONDS:.0f} s") from None
            time.sleep(_LOOK_SECONDS)
        else:
            return
