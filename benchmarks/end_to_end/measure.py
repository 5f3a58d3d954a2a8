"""One contender under one condition on a fresh back end: its work within the window, and what it left behind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import run
from benchmarks.backend import Backend, Conditions, Load, Verdict
from benchmarks.end_to_end.contenders import Contender

_SUBMISSIONS_PER_SECOND: Final = 15_000  # more than any contender takes, so that the queue never runs dry


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: rounds in which every contender meets every condition (latency, refused share)."""

    rounds: int
    conditions: Sequence[tuple[float, float]]
    warm_up_seconds: float
    window_seconds: float

    def runs(self, contenders: Sequence[Contender]) -> Iterator[tuple[int, float, float, Contender]]:
        """All runs in the order in which they are made: contenders side by side, so that noise meets them alike."""
        for number in range(self.rounds):
            for latency_seconds, refused_share in self.conditions:
                for contender in contenders:
                    yield number, latency_seconds, refused_share, contender


@dataclass(frozen=True, slots=True)
class Run:
    """What one run measured."""

    round: int
    latency_seconds: float
    refused_share: float
    contender: str
    receivers: int
    events_per_second: float
    cpu_us_per_event: float
    backend_share: float
    verdict: Verdict


def measure(plan: Plan, number: int, latency_seconds: float, refused_share: float, contender: Contender) -> Run:
    """Start, warm up, watch, stop by SIGTERM, hold the stream against what was deleted. Raises run.ChildFailed."""
    window_seconds = plan.window_seconds * contender.windows
    load = Load(submissions=int((plan.warm_up_seconds + window_seconds) * _SUBMISSIONS_PER_SECOND), events=5)
    conditions = Conditions(latency_seconds=latency_seconds, refused_share=refused_share, seed=number + 1)
    receivers = contender.receivers_at(latency_seconds)
    with TemporaryDirectory() as folder, Backend(load, conditions, run.BACKEND_CORE) as backend:
        environment = contender.environment(backend, receivers)
        with contender.child(environment, Path(folder) / "log") as child:
            window = run.watch(backend, [child], window_seconds, plan.warm_up_seconds)
        verdict = backend.verdict()
    return Run(
        round=number,
        latency_seconds=latency_seconds,
        refused_share=refused_share,
        contender=contender.name,
        receivers=receivers,
        events_per_second=window.events_per_second,
        cpu_us_per_event=window.cpu_us_per_event,
        backend_share=window.backend_share,
        verdict=verdict,
    )
