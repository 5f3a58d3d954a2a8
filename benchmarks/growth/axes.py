"""What grows: one axis at a time, everything else as at the starting point."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from benchmarks.backend import Conditions, Load

START: Final = Load(submissions=100_000, events=5)
HELD: Final = "submissions held"
_PLAIN: Final = Conditions(latency_seconds=0.005)
_FULL: Final = replace(_PLAIN, shards=2, shard_limits=True)  # the stream takes less than the queue gives
_EVENTS_AT_LEAST: Final = 500_000  # on the queue, so that it does not run dry within a window


@dataclass(frozen=True, slots=True)
class Point:
    """One place on one axis: a load and its conditions, the processor's settings, and how many processes there are.

    `warm_up` and `window` say how many times the usual ones it needs.
    """

    axis: str
    value: int
    load: Load = START
    conditions: Conditions = _PLAIN
    environment: dict[str, str] = field(default_factory=dict)
    processes: int = 1
    warm_up: float = 1.0
    window: float = 1.0


def points() -> Iterator[Point]:
    """Axis after axis."""
    for depth in (1_000, 10_000, 100_000, 1_000_000):
        shallow = depth <= 10_000  # empty before a warm-up is over
        yield Point("messages on the queue", depth, replace(START, submissions=depth), warm_up=0.0 if shallow else 1.0)
    for most in (10, 100, 500, 4_000):
        yield Point("submissions in flight", most, environment={"MAX_IN_FLIGHT": str(most)})
    for most in (500, 2_000):
        yield Point(HELD, most, conditions=_FULL, environment={"MAX_IN_FLIGHT": str(most)}, warm_up=6.0)
    for events in (1, 5, 50):
        yield Point("events a submission", events, Load(_EVENTS_AT_LEAST // events, events))
    # Some hundred of them start together and end together: only a window over all their waves is fair.
    yield Point("events a submission", 1_000, Load(2_000, 1_000), warm_up=0.0, window=12.0)
    for threads in (1, 4, 16):
        yield Point("receivers", threads, environment={"RECEIVERS": str(threads)})
    for record_bytes in (340, 1_000, 10_000, 100_000):
        yield Point("bytes a record", record_bytes, replace(START, record_bytes=record_bytes))
    for processes in (1, 2):
        yield Point("processes", processes, replace(START, submissions=2 * START.submissions), processes=processes)


def few() -> list[Point]:
    """The last point of each axis, and all that the targets compare."""
    every = list(points())
    last = {point.axis: point for point in every}
    return [point for point in every if point.axis in ("processes", HELD) or last[point.axis] is point]
