"""A processor as a real process, on a core of its own, and what it did within a window after its warm-up."""

import os
import platform
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple, Self
from uuid import uuid4

from benchmarks import container
from benchmarks.backend import Backend, Conditions, Counts, Load
from event_processor.aws.clients import Transport
from event_processor.settings.loading import clean_environment
from event_processor.settings.submissions import SubmissionsSettings

TRANSPORTS: Final[tuple[Transport, ...]] = ("boto3", "lean")
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
CLIENT_CORE: Final = 0
BACKEND_CORE: Final = 1
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_LOOK_SECONDS: Final = 0.005
_START_SECONDS: Final = 60.0
_SETTINGS: Final = SubmissionsSettings.model_fields


class Interpreter(NamedTuple):
    """A Python to measure on, with the image that ships it, or the one at hand."""

    version: str
    image: container.Image | None = None

    def __str__(self) -> str:
        return f"{self.version}, {'the image' if self.image else 'at hand'}"


AT_HAND: Final = Interpreter(platform.python_version())


def interpreters() -> tuple[Interpreter, ...]:
    """The image's, if Docker is here, and the one at hand. The first is what figures are quoted of."""
    built = container.image()
    return (Interpreter(built.python, built), AT_HAND) if built else (AT_HAND,)


class ChildFailed(Exception):
    """A process under test ended, or did nothing; carries the last of what it said."""


class Child:
    """A process that writes to a file of its own. `core` None lets it go where it likes."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path, core: int | None) -> None:
        self._command, self._environment, self._log, self._core = command, environment, log, core

    def __enter__(self) -> Self:
        with self._log.open("wb") as log, on_core(self._core):
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()  # what is left when its window closes is of no interest

    def kill(self) -> None:
        """By SIGKILL, and wait for its end."""
        self._process.kill()
        self._process.wait()

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far, in steps of 10 ms (proc(5), `stat`)."""
        times = self._proc("stat").rpartition(")")[2].split()[11:13]
        return sum(map(int, times)) / _TICKS_PER_SECOND

    @property
    def peak_bytes(self) -> int:
        """The most memory it ever had in RAM (proc(5), `VmHWM`)."""
        return self._memory_bytes("VmHWM")

    @property
    def rss_bytes(self) -> int:
        """What it has in RAM now (`VmRSS`)."""
        return self._memory_bytes("VmRSS")

    def require_running(self) -> None:
        """Raises ChildFailed if it ended."""
        if self._process.poll() is not None:
            last = "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])
            raise ChildFailed(f"{' '.join(self._command)} ended with {self._process.returncode}:\n{last}")

    def _memory_bytes(self, name: str) -> int:
        found = re.search(rf"^{name}:\s+(\d+) kB$", self._proc("status"), re.MULTILINE)
        return int(found.group(1)) * 1024 if found else 0

    def _proc(self, name: str) -> str:
        self.require_running()
        return Path(f"/proc/{self._process_id()}/{name}").read_text()

    def _process_id(self) -> int:
        return self._process.pid


class Contained(Child):
    """A processor in a container, on the host's network; its process is seen from the host like any other."""

    def __init__(self, of: container.Image, environment: dict[str, str], log: Path, core: int | None) -> None:
        self._name = f"event-processor-benchmark-{uuid4().hex[:12]}"
        core = core if core in os.sched_getaffinity(0) else None
        told = [name for name in environment if name.startswith("AWS_") or name.lower() in _SETTINGS]
        command = container.run_command(of, core, told, "--name", self._name)
        super().__init__((*command, "run"), environment, log, None)

    def __enter__(self) -> Self:
        super().__enter__()
        deadline = time.monotonic() + _START_SECONDS
        while not (process_id := container.process_id(self._name)):
            self.require_running()
            if time.monotonic() > deadline:
                raise ChildFailed(f"no container within {_START_SECONDS:.0f} s")
        self._contained = process_id
        return self

    def __exit__(self, *_: object) -> None:
        container.kill(self._name)
        super().__exit__()

    def _process_id(self) -> int:
        return self._contained


def processor(python: Interpreter, environment: dict[str, str], log: Path, core: int | None = CLIENT_CORE) -> Child:
    """`event-processor run` on that interpreter, pinned to that core."""
    if python.image:
        return Contained(python.image, environment, log, core)
    return Child((sys.executable, "-m", "event_processor", "run"), environment, log, core)


@dataclass(frozen=True, slots=True)
class Window:
    """What happened between two looks at the back end and at the processors."""

    seconds: float
    events: int
    submissions: int
    held: int  # submissions in flight when it closed
    throttled: int
    calls: dict[str, int]
    cpu_seconds: float
    backend_cpu_seconds: float
    peak_bytes: int

    @classmethod
    def between(cls, before: Counts, after: Counts, seconds: float, cpu_seconds: float, peak_bytes: int) -> "Window":
        """The difference. Raises ChildFailed if nothing happened."""
        if after.stored == before.stored:
            raise ChildFailed(f"nothing was stored within {seconds:.1f} s")
        return cls(
            seconds=seconds,
            events=after.stored - before.stored,
            submissions=after.deleted - before.deleted,
            held=after.received - after.deleted,
            throttled=after.throttled - before.throttled,
            calls={name: calls - before.calls.get(name, 0) for name, calls in after.calls.items()},
            cpu_seconds=cpu_seconds,
            backend_cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            peak_bytes=peak_bytes,
        )

    @property
    def events_per_second(self) -> float:
        """By the clock on the wall."""
        return self.events / self.seconds

    @property
    def cpu_us_per_event(self) -> float:
        """CPU time of the processors alone."""
        return self.cpu_seconds / self.events * 1e6

    @property
    def events_per_put(self) -> float:
        """How full the waves were, of 500."""
        return (self.events + self.throttled) / max(1, self.calls["PutRecords"])

    @property
    def backend_share(self) -> float:
        """How much of one core the back end was busy: near 1 it was the bottleneck, not the processor."""
        return self.backend_cpu_seconds / self.seconds


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Whatever is started inside stays on this core; on a machine without it, anywhere."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} if core in before else before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_ports(number: int) -> list[int]:
    """So many that nobody listens on at the moment, all different."""
    with ExitStack() as open_ones:
        servers = [open_ones.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [int(server.getsockname()[1]) for server in servers]


def settings(backend: Backend, transport: str, **more: str) -> dict[str, str]:
    """The environment of a processor on this back end, everything else at its default."""
    return clean_environment(
        SubmissionsSettings,
        AWS_ENDPOINT_URL=backend.endpoint,
        AWS_REGION="us-east-1",
        AWS_TRANSPORT=transport,
        METRICS_PORT="0",
        **CREDENTIALS,
        **more,
    )


def ours(
    load: Load,
    conditions: Conditions,
    transport: str,
    window_seconds: float,
    warm_up_seconds: float = 0.5,
    cores: Sequence[int] = (CLIENT_CORE,),
    backend_core: int | None = BACKEND_CORE,
    python: Interpreter = AT_HAND,
    **environment: str,
) -> Window:
    """One processor a core of `cores` on a fresh back end, measured. Raises ChildFailed."""
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory()))
        backend = running.enter_context(Backend(load, conditions, backend_core))
        told = settings(backend, transport, **environment)
        children = [running.enter_context(processor(python, told, folder / f"{core}.log", core)) for core in cores]
        return watch(backend, children, window_seconds, warm_up_seconds)


def watch(backend: Backend, children: Sequence[Child], window_seconds: float, warm_up_seconds: float = 0.5) -> Window:
    """What all children do within the window, which opens so long after the first event. Raises ChildFailed."""
    warm_up(backend, children, warm_up_seconds)
    return look(backend, children, window_seconds)


def warm_up(backend: Backend, children: Sequence[Child], seconds: float) -> None:
    """Wait for the first event and so long after it. Raises ChildFailed."""
    deadline = time.monotonic() + _START_SECONDS
    while not backend.counts().stored:
        for child in children:
            child.require_running()
        if time.monotonic() > deadline:
            raise ChildFailed(f"nothing was stored within {_START_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)
    time.sleep(seconds)  # a measured interval, not a wait for something to happen


def look(backend: Backend, children: Sequence[Child], seconds: float) -> Window:
    """The window from now on; it closes early when the load nears its end, so that no idle time is measured."""
    begun, before, cpu_before = time.perf_counter(), backend.counts(), _cpu_seconds(children)
    enough = 0.9 * backend.load.submissions
    while backend.counts().deleted < enough:
        passed = time.perf_counter() - begun
        if passed >= seconds and (backend.counts().stored > before.stored or passed >= _START_SECONDS):
            break  # on a busy machine the slowest of them needs longer for its first event
        time.sleep(_LOOK_SECONDS)
    after, lasted, cpu = backend.counts(), time.perf_counter() - begun, _cpu_seconds(children) - cpu_before
    return Window.between(before, after, lasted, cpu, sum(child.peak_bytes for child in children))


def _cpu_seconds(children: Sequence[Child]) -> float:
    return sum(child.cpu_seconds for child in children)
