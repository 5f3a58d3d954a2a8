"""A client that costs little: requests built beforehand, sent over many connections by a C program."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from benchmarks.backend.compiler import program

_SOURCES: Final = Path(__file__).with_name("sender_program")
_END_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of the requests since the last look; `answers` by status. `broken` connections had one under way.

    At a rate, times count from the moment at which a request was due, whether or not a connection was free.
    """

    seconds: float
    cpu_seconds: float  # of all the time
    broken: int
    median_ms: float
    p99_ms: float
    slowest_ms: float
    answers: dict[str, int]

    @property
    def good(self) -> int:
        """Answered 200."""
        return self.answers.get("200", 0)


class Sender:
    """Sends the requests in turns, endlessly, to a port of 127.0.0.1: so many a second, or without a rate as many as
    are answered. A context manager."""

    def __init__(
        self, port: int, requests: Sequence[bytes], connections: int, rate_per_second: float, core: int | None
    ) -> None:
        self._requests, self._core = requests, core
        self._arguments = (
            f"port={port}",
            f"requests={len(requests)}",
            f"connections={connections}",
            f"rate_per_second={rate_per_second}",
        )

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [program(_SOURCES), *self._arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self._core is not None:
            os.sched_setaffinity(self._process.pid, {self._core})
        standard_input, _ = self._pipes()
        for request in self._requests:
            standard_input.write(len(request).to_bytes(4, "little") + request)
        standard_input.flush()
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes():
            pipe.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def look(self) -> Answered:
        """Since the last look, or since it began."""
        standard_input, standard_output = self._pipes()
        standard_input.write(b"\n")
        standard_input.flush()
        return Answered(**json.loads(standard_output.readline()))

    def _pipes(self) -> tuple[Any, Any]:
        return self._process.stdin, self._process.stdout
