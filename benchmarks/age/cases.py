"""The full rate, and then half of it: how old each submission is when its last event is acknowledged."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.backend import Backend, Conditions, Load
from benchmarks.run import AT_HAND, Interpreter, Window, look, ours, processor, settings, warm_up

EVENTS: Final = 5  # a submission
PLENTY: Final = Load(submissions=200_000, events=EVENTS)
_ROOM_BYTES: Final = str(512 * 1024 * 1024)  # so that all receivers may be under way, 10 MiB reserved for each

_DEADLINE_SECONDS: Final = 60.0
_FULL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """A transport and how long each call takes. `receivers`: as its users would set them for such a round trip."""

    transport: str
    latency_seconds: float
    receivers: int
    python: Interpreter = AT_HAND


@dataclass(frozen=True, slots=True)
class Ages:
    """Of one run at half load: what was offered, in events a second, what the processor did, and the ages."""

    full_events_per_second: float
    half: Window
    p50_seconds: float
    p99_seconds: float
    max_seconds: float


def measure(case: Case, warm_up_seconds: float, window_seconds: float) -> Ages:
    """The full rate of a processor in a short window, then the ages at half of it. Raises ChildFailed, TimeoutError."""
    full = ours(
        PLENTY,
        Conditions(latency_seconds=case.latency_seconds),
        case.transport,
        min(window_seconds, _FULL_SECONDS),
        warm_up_seconds,
        python=case.python,
        RECEIVERS=str(case.receivers),
        MAX_IN_FLIGHT_BYTES=_ROOM_BYTES,
    )
    return at_half(case, full.events_per_second, warm_up_seconds, window_seconds)


def at_half(case: Case, full: float, warm_up_seconds: float, window_seconds: float) -> Ages:
    """The ages at half of a rate in events a second. Raises ChildFailed, TimeoutError."""
    conditions = Conditions(latency_seconds=case.latency_seconds)
    rate = full / EVENTS / 2
    load = Load(int(rate * (warm_up_seconds + window_seconds)), EVENTS, rate_per_second=rate)
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory()))
        backend = running.enter_context(Backend(load, conditions))
        environment = settings(backend, case.transport, RECEIVERS=str(case.receivers), MAX_IN_FLIGHT_BYTES=_ROOM_BYTES)
        child = running.enter_context(processor(case.python, environment, folder / "log"))
        warm_up(backend, [child], warm_up_seconds)
        window = look(backend, [child], window_seconds)
        backend.wait_deleted(load.submissions, _DEADLINE_SECONDS)  # all: the late ones are what this is about
        ages = backend.ages()
    return summary(full, window, ages[int(rate * warm_up_seconds) :])


def summary(full_events_per_second: float, half: Window, ages: list[float]) -> Ages:
    """The ages' percentiles."""
    percentiles = quantiles(ages, n=100, method="inclusive")
    return Ages(full_events_per_second, half, percentiles[49], percentiles[98], max(ages))
