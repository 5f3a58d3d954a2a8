"""Processors whose standard error goes where nobody can rely on it."""

import contextlib
import fcntl
import os
import threading
from pathlib import Path
from typing import Self
from urllib.error import URLError

from tests.ports import reserved_port
from tests.system.processes import QUICK, Child, Processor


class Mute(Processor):
    """`event-processor run` whose log nobody can rely on: it is known by its port."""

    def __init__(
        self, folder: Path, endpoint: str, stderr: int | None = None, before: str = "", **settings: str
    ) -> None:
        with reserved_port() as self._port:
            environment = {**QUICK, "AWS_ENDPOINT_URL": endpoint, "METRICS_PORT": str(self._port), **settings}
            Child.__init__(self, folder, [self.module, "run"], environment, stderr, before)
            self.when_started(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(URLError, ConnectionError, TimeoutError):
            return self.get("/livez")[0] == 200
        return False


class Pipe:
    """A pipe of the least size there is; nobody reads it until `read`."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, 4096)
        self._text = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_reader()
        self.close_writer()

    def close_reader(self) -> None:
        """As a log shipper does that dies."""
        if self.reader >= 0:
            os.close(self.reader)
            self.reader = -1

    def close_writer(self) -> None:
        """The child has it; this process keeps none."""
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def read(self) -> None:
        """Read from now on to the end, in a thread."""

        def run() -> None:
            while piece := os.read(self.reader, 65536):
                self._text += piece

        threading.Thread(target=run, daemon=True).start()

    @property
    def lines(self) -> list[str]:
        """What was read so far, whole lines only."""
        return bytes(self._text).decode().split("\n")[:-1]
