"""The back end as a process: compiled, started on its own core, asked, stopped."""

import base64
import json
import os
import subprocess
import time
from array import array
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self
from urllib.request import ProxyHandler, build_opener

from benchmarks.backend.compiler import program
from benchmarks.backend.documents import tail
from benchmarks.backend.oracle import judge
from benchmarks.backend.values import Conditions, Counts, Load, Supply, Verdict

AS_THEY_COME = Conditions()
_NOTHING = Supply()
_ANSWER_SECONDS = 60.0
_END_SECONDS = 10.0
_POLL_SECONDS = 0.1  # often would cost the client, on the same core; the server keeps the time


class Backend:
    """A queue ``submissions`` with ``load`` on it and a stream ``events``, on 127.0.0.1, pinned to ``core``.

    What is put on the stream is counted and judged; what can be read off it is ``supply``.
    A context manager; what it was asked can be asked until it ends. Raises CalledProcessError if it does not compile,
    ValueError for a load that SQS would not take.
    """

    queue_name = "submissions"
    stream_name = "events"

    def __init__(
        self,
        load: Load,
        conditions: Conditions = AS_THEY_COME,
        core: int | None = 1,
        supply: Supply = _NOTHING,
    ) -> None:
        self.load = load
        self.conditions = conditions
        self.core = core
        self.supply = supply
        self.endpoint = ""
        self._http = build_opener(ProxyHandler({}))

    def __enter__(self) -> Self:
        document = tail(self.load)
        lines = b"".join(base64.b64encode(payload) + b"\n" for payload in self.supply.payloads)
        self._process = subprocess.Popen(
            [program(), *self._arguments(len(document), len(lines))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            self.endpoint = f"http://127.0.0.1:{self._started(document + lines)}"
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def process_id(self) -> int:
        """Of the server."""
        return self._process.pid

    def counts(self) -> Counts:
        """What happened until now."""
        return Counts(**json.loads(self._ask("counts")))

    def wait_deleted(self, submissions: int, deadline_seconds: float) -> float:
        """Wait until so many were deleted: seconds from the first receive to that delete, by the server's own clock.

        Raises TimeoutError.
        """
        deadline = time.monotonic() + deadline_seconds
        while (seconds := json.loads(self._ask(f"seconds_until_deleted/{submissions}"))) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.counts()} after {deadline_seconds} s, {submissions} to be deleted")
            time.sleep(_POLL_SECONDS)
        return float(seconds)

    def verdict(self) -> Verdict:
        """What the stream holds against what was deleted. ValueError for a record of unknown origin."""
        deleted = self._ask("deleted")  # first: what is stored later cannot be missed
        return judge(self.load, deleted, self._ask("stored"))

    def ages(self) -> list[float]:
        """Seconds from the moment a submission was sent until the answer acknowledging its last event left.

        Of those that got that far, in the order they were sent.
        """
        return array("d", self._ask("ages")).tolist()

    def _arguments(self, tail_bytes: int, supply_bytes: int) -> Iterator[str]:
        yield f"tail_bytes={tail_bytes}"
        yield f"supply_bytes={supply_bytes}"
        yield f"supply_rate={self.supply.rate_per_second}"
        yield f"supply_number_at={self.supply.number_at}"
        for name in ("submissions", "events", "devices", "rate_per_second"):
            yield f"{name}={getattr(self.load, name)}"
        for name in ("latency_seconds", "refused_share", "shards", "visibility_seconds", "seed"):
            yield f"{name}={getattr(self.conditions, name)}"
        yield f"shard_limits={self.conditions.shard_limits:d}"

    def _started(self, given: bytes) -> int:
        """The port it listens on."""
        if self.core is not None:
            os.sched_setaffinity(self._process.pid, {self.core})
        standard_input, standard_output = self._pipes()
        standard_input.write(given)
        standard_input.flush()
        return int(standard_output.readline())

    def _pipes(self) -> tuple[Any, Any]:
        return self._process.stdin, self._process.stdout

    def _ask(self, what: str) -> bytes:
        with self._http.open(f"{self.endpoint}/_backend/{what}", timeout=_ANSWER_SECONDS) as answer:
            return bytes(answer.read())

    def _end(self) -> None:
        """It ends with its standard input."""
        standard_input, standard_output = self._pipes()
        standard_input.close()
        standard_output.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
