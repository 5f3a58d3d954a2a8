"""More load than the shards take, in several ways, and the share of their limit that was stored."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from tempfile import TemporaryDirectory
from typing import Final
from urllib.request import ProxyHandler, build_opener

from benchmarks.backend import Backend, Conditions, Load
from benchmarks.run import Window, interpreters, look, processor, settings, warm_up
from benchmarks.shard_limit.neighbour import Neighbour

RECORDS_PER_SECOND: Final = 1000  # a shard's limits: Kinesis developer guide, quotas
BYTES_PER_SECOND: Final = 1024 * 1024
_ROOM_BYTES: Final = str(512 * 1024 * 1024)  # submissions are the bound here, never their bytes
_KEY_BYTES: Final = 36  # a device's id; Kinesis counts it
_STORED: Final = Struct("=III")  # of the back end's list: submission, sequence, shard


@dataclass(frozen=True, slots=True)
class Case:
    """A load on so many shards. `neighbour`: records a second that another producer puts on the first of them."""

    name: str
    transport: str
    load: Load
    shards: int = 2
    neighbour: int = 0
    max_in_flight: int = 2_000

    @property
    def limit(self) -> float:
        """Events a second that the shards take from us: all of them, or, beside a neighbour, those that are ours."""
        shards = self.shards - 1 if self.neighbour else self.shards
        if not self.load.record_bytes:
            return float(shards * RECORDS_PER_SECOND)
        return shards * min(RECORDS_PER_SECOND, BYTES_PER_SECOND / (self.load.record_bytes + _KEY_BYTES))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one window: all of it, and the events a second of ours on the shards that count for the limit."""

    window: Window
    events_per_second: float


def measure(case: Case, warm_up_seconds: float, window_seconds: float) -> Outcome:
    """One processor on a fresh back end. Raises ChildFailed."""
    conditions = Conditions(latency_seconds=0.005, shards=case.shards, shard_limits=True)
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory()))
        backend = running.enter_context(Backend(case.load, conditions))
        limits = {"MAX_IN_FLIGHT": str(case.max_in_flight), "MAX_IN_FLIGHT_BYTES": _ROOM_BYTES}
        environment = settings(backend, case.transport, **limits)
        child = running.enter_context(processor(interpreters()[0], environment, folder / "log"))
        warm_up(backend, [child], 0.0)
        if case.neighbour:
            running.enter_context(Neighbour(backend, case.neighbour))
        warm_up(backend, [child], warm_up_seconds)
        before = _ours_by_shard(backend)
        window = look(backend, [child], window_seconds)
        gained = _ours_by_shard(backend) - before
    counted = sum(events for shard, events in gained.items() if shard or not case.neighbour)
    return Outcome(window, counted / window.seconds)


def _ours_by_shard(backend: Backend) -> Counter[int]:
    """Events of ours on each shard so far."""
    with build_opener(ProxyHandler({})).open(f"{backend.endpoint}/_backend/stored") as answer:
        stored = _STORED.iter_unpack(answer.read())
    return Counter(shard for submission, _, shard in stored if submission < backend.load.submissions)
