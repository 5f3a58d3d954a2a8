"""From the series of a scrape to figures: which metric says what."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from event_processor.gate.figures import Figures, Series
from event_processor.telemetry.call_telemetry import CALLS, FAILED
from event_processor.telemetry.metrics import NAMESPACE, HistogramSpec, Spec
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.submission_telemetry import (
    AGE,
    OLDEST,
    OLDEST_LIMIT,
    RECEIVED,
    RELEASED,
    VALID,
    VIOLATIONS,
)
from event_processor.telemetry.untold_telemetry import UNTOLD

START: Final = "process_start_time_seconds"  # of the Python process, by prometheus_client
_TOLERANCE_SECONDS: Final = 1
_BUG: Final = "failed"  # why a submission was released


def _name(spec: Spec, part: str = "") -> str:
    return f"{NAMESPACE}_{spec.name}{part}"


def _bucket(spec: HistogramSpec) -> str:
    return _name(spec, "_bucket")


NEEDED: Final = (
    START,
    _bucket(AGE),
    _name(CALLS, "_count"),
    *map(_name, (RECEIVED, VALID, REJECTS, VIOLATIONS, RELEASED, UNTOLD, FAILED, OLDEST, OLDEST_LIMIT)),
)
"""The names of all metrics that are read."""

WITH_FIRST_CALL: Final = frozenset({_name(CALLS, "_count"), _name(FAILED)})
"""Those that a processor need not have yet; it has the others from its start on."""


def figures_of(series: Iterable[Series], begin: float) -> Figures:
    """Of the replicas that these series are of, in a window that began then (seconds since 1970)."""
    by_name: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        by_name[one.name].append(one)
    window = _Window(by_name, begin)
    rejects = window.rises(_name(REJECTS), "reason")
    return Figures(
        replicas=len({one.replica for one in by_name[START]}),
        since=min((one.at if one.before is None else begin for one in by_name[START]), default=begin),
        missing=[name for name in NEEDED if name not in by_name and name not in WITH_FIRST_CALL],
        submissions=window.rise(_name(RECEIVED)),
        events=window.rise(_name(VALID)) + sum(rejects.values()),
        rejects=rejects,
        order_violations=sum(_most(one) for one in by_name[_name(VIOLATIONS)]),
        bugs=window.rises(_name(RELEASED), "reason").get(_BUG, 0) + window.rise(_name(UNTOLD)),
        calls=window.rise(_name(CALLS, "_count")),
        failed_calls=window.rise(_name(FAILED)),
        ages={float(bound): count for bound, count in window.rises(_bucket(AGE), "le").items()},
        oldest_unfinished_seconds=max(map(_most, by_name[_name(OLDEST)]), default=0),
        unfinished_limit_seconds=max(map(_most, by_name[_name(OLDEST_LIMIT)]), default=0),
        restarts=window.most_restarts(),
    )


class _Window:
    """How much counters rose."""

    def __init__(self, by_name: Mapping[str, list[Series]], begin: float) -> None:
        self._by_name = by_name
        starts = by_name.get(START, [])
        self._known = {
            one.replica for one in starts if one.before is not None or one.values[0] >= begin - _TOLERANCE_SECONDS
        }

    def rise(self, name: str) -> float:
        """Over all replicas and labels."""
        return sum(one.rise(one.replica in self._known) for one in self._by_name.get(name, []))

    def rises(self, name: str, label: str) -> dict[str, float]:
        """Over all replicas, by a label."""
        found: dict[str, float] = defaultdict(float)
        for one in self._by_name.get(name, []):
            found[one.labels.get(label, "")] += one.rise(one.replica in self._known)
        return dict(found)

    def most_restarts(self) -> int:
        """A process that was started again has another time of start."""
        return max((_changes(one) for one in self._by_name.get(START, [])), default=0)


def _changes(series: Series) -> int:
    before = () if series.before is None else (series.before,)
    return len({*before, *series.values}) - 1


def _most(series: Series) -> float:
    return max(series.values)
