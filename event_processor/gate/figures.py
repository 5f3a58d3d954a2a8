"""What is known of a canary, or of the stable replicas, in one window of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Series:
    """A metric of one replica with its labels: its value before the window, if it was known, and those within.

    The first of those was scraped `at` (seconds since 1970).
    """

    name: str
    labels: Mapping[str, str]
    values: Sequence[float]
    before: float | None = None
    at: float = 0.0

    @property
    def replica(self) -> tuple[str, ...]:
        """Whose it is."""
        return tuple(self.labels.get(name, "") for name in ("job", "namespace", "pod", "instance"))

    def rise(self, was_known: bool) -> float:
        """How much a counter rose in the window, over restarts too.

        A counter with labels appears with its first event. `was_known` says that the replica was scraped before the
        window, or started in it, so that a counter without a value before stood at 0.
        """
        first = self.before if self.before is not None else 0.0 if was_known else self.values[0]
        return sum(after - before if after >= before else after for before, after in pairwise((first, *self.values)))


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts are of the window, unless said otherwise.

    Prometheus has known one of the replicas `since` then, at the earliest since the window began. Metrics are `missing`
    that every processor has from its start: what they would say is not known.
    """

    replicas: int = 0
    since: float = 0
    missing: Sequence[str] = ()
    submissions: float = 0
    events: float = 0  # valid and rejected
    rejects: Mapping[str, float] = field(default_factory=dict)  # by reason
    order_violations: float = 0  # since the replicas were started
    bugs: float = 0
    calls: float = 0
    failed_calls: float = 0
    ages: Mapping[float, float] = field(default_factory=dict)  # submissions by bound: no older than so many seconds
    oldest_unfinished_seconds: float = 0
    unfinished_limit_seconds: float = 0
    restarts: int = 0  # of the replica that has most
