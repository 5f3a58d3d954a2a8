"""One stage of an event's way, repeated in this thread, and its CPU time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.progress import track

from benchmarks.report import Spread


@dataclass(slots=True)
class Stage:
    """`work` does the stage for so many `events` in so many `units` (calls, submissions, ...) and is timed.

    `prepare`, which is not, brings what `work` needs.
    """

    name: str
    unit: str
    units: int
    events: int
    work: Callable[[], None]
    prepare: Callable[[], None] = lambda: None
    rounds_us: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """One round more. Counts the CPU time of this thread alone."""
        self.prepare()
        begun = time.thread_time_ns()
        self.work()
        self.rounds_us.append((time.thread_time_ns() - begun) / 1000)

    @property
    def us_per_event(self) -> Spread:
        """Over all rounds so far."""
        return Spread.of(us / self.events for us in self.rounds_us)

    @property
    def us_per_unit(self) -> Spread:
        """The same for a call, a submission or whatever else its unit is."""
        return Spread.of(us / self.units for us in self.rounds_us)


def interleaved(stages: Sequence[Stage], rounds: int) -> None:
    """All stages in turns, after a first turn that only warms up."""
    for number in track(range(rounds + 1), "stages", transient=True):
        for stage in stages:
            stage.measure()
            if number == 0:
                stage.rounds_us.clear()
