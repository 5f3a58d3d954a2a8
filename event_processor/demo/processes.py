"""The demo's processes: started one by one, all of them ended, whatever happens."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from event_processor.errors import EventProcessorError

_END_SECONDS = 20.0


class ProcessFailed(EventProcessorError):
    """One of the demo's processes did not do its part; carries the last of what it said."""


class Processes(ExitStack):
    """Children in sessions of their own, so that a Ctrl-C reaches only us, and we end them in order, last one first."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        super().__init__()
        self._folder, self._environment = folder, environment

    def start(self, name: str, *arguments: str, **environment: str) -> "Process":
        """Start `python -m ARGUMENTS` with these environment variables."""
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
