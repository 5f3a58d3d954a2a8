"""The demo's processes: started one by one, all of them ended, whatever happens."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, TypeVar

from event_processor.errors import EventProcessorError

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_END_SECONDS: Final = 20.0
_PATIENCE_SECONDS: Final = 120.0
T = TypeVar("T")


class Interrupted(BaseException):
    """SIGTERM or Ctrl-C: everything is taken down on the way out."""


class ProcessFailed(EventProcessorError):
    """One of the demo's processes did not do its part; carries the last of what it said."""


class Processes(ExitStack):
    """Children in sessions of their own, so that a Ctrl-C reaches only us, and we end them in order, last one first."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        super().__init__()
        self._folder, self._environment = folder, environment

    def start(self, name: str, *arguments: str, **environment: str) -> "Process":
        """Start `python -m ARGUMENTS` with these environment variables."""
        with _undisturbed():
            process = Process(name, arguments, self._environment | environment, self._folder)
            self.callback(process.stop)
        return process


class Process:
    """One child; its output is in `NAME.out` and `NAME.err` of the demo's folder."""

    def __init__(self, name: str, arguments: tuple[str, ...], environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._child = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self.process_id = self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.poll()

    @property
    def output(self) -> str:
        """What it wrote to standard output so far."""
        return self._out.read_text(errors="replace")

    @property
    def errors(self) -> str:
        """What it wrote to standard error so far."""
        return self._err.read_text(errors="replace")

    def until(self, found: Callable[[], T | None]) -> T:
        """Poll for something that it brings about, during which it must not end."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (result := found()):
            if self.exit_code is not None:
                raise self.failed(f"ended with exit code {self.exit_code}")
            if time.monotonic() > deadline:
                raise self.failed(f"did not get to work in {_PATIENCE_SECONDS:g} s")
            time.sleep(0.02)
        return result

    def finish(self, allowed: tuple[int, ...] = (0,)) -> str:
        """Wait for it to end by itself; what it wrote."""
        try:
            code = self._child.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise self.failed(f"did not end in {_PATIENCE_SECONDS:g} s") from None
        if code not in allowed:
            raise self.failed(f"ended with exit code {code}")
        return self.output

    def port(self, line: str = "listening") -> int:
        """The port that it says it listens on, in a line of its log that says so."""
        return self.until(lambda: self._logged_port(line))

    def failed(self, what: str) -> ProcessFailed:
        """The error that says so."""
        last = " | ".join(self.errors.splitlines()[-3:])
        return ProcessFailed(f"{self.name} {what}: {last or 'it said nothing'}")

    def stop(self) -> int:
        """SIGTERM, in the end SIGKILL. Returns the exit code."""
        self._child.terminate()
        try:
            return self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()

    def _logged_port(self, event: str) -> int | None:
        lines = [json.loads(line) for line in self.errors.splitlines() if line.endswith("}")]
        return next((int(line["port"]) for line in lines if line["event"] == event), None)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C into an exception, so that all that was started is ended."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second one would only disturb the taking down
        raise Interrupted

    with _handled_by(interrupt):
        yield


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A signal that comes meanwhile is handled afterwards: else a child might be started that nobody knows of."""
    came: list[int] = []
    with _handled_by(lambda number, _: came.append(number)):
        yield
    for number in came:
        signal.raise_signal(number)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    before = [signal.signal(number, handler) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, earlier in zip(_SIGNALS, before, strict=True):
            signal.signal(number, earlier)
