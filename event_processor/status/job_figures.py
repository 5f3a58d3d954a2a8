"""A few figures of a job, read from its /metrics: what it takes, passes on and rejects, and how late it is."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from event_processor.status.scrape import Scrape
from event_processor.telemetry import (
    delivery_telemetry,
    door_telemetry,
    gateway_telemetry,
    inspection_telemetry,
    inspector_telemetry,
    lake_telemetry,
    monitor_telemetry,
    monitoring_telemetry,
    submission_telemetry,
)
from event_processor.telemetry.metrics import NAMESPACE, HistogramSpec
from event_processor.telemetry.notice_telemetry import NOT_SENT, SENT
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED
from event_processor.telemetry.reading_telemetry import GAPS, LAG, READ
from event_processor.telemetry.reject_telemetry import REJECTS

_NAMESPACE: Final = re.compile(r"^# TYPE (event_[a-z]+)_", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class JobFigures:
    """Counted since the start of the process. `waiting` is what it has not got to yet, in words.

    `passed` went on, `rejected` did not, `refused` was refused by the stream and sent again. `alarms` are numbers that
    must be 0 and are not. `ages` has the time in seconds that half of all took, and that 99 % took at most.
    """

    job: str
    taken: int
    passed: int
    rejected: int
    waiting: str
    refused: int = 0
    notices: int = 0
    loaded: int = 0
    ages: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    alarms: tuple[str, ...] = ()


def figures_of(metrics: str) -> JobFigures | None:
    """Of the text of /metrics; None if it is none of a job of ours."""
    found = _NAMESPACE.search(metrics)
    of = _JOBS.get(found[1]) if found else None
    return of(Scrape(metrics, found[1])) if found and of else None


def _run(scrape: Scrape) -> JobFigures:
    queued = scrape.by_label(submission_telemetry.QUEUE).get("visible", 0)
    violations = scrape.total(submission_telemetry.VIOLATIONS)
    return JobFigures(
        job="run",
        taken=scrape.total(submission_telemetry.RECEIVED),
        passed=scrape.total(PUBLISHED),
        rejected=scrape.total(REJECTS),
        refused=scrape.total(REFUSED),
        waiting=f"{queued:,} queued",
        ages=_ages(scrape, {"from the queue onto the stream": submission_telemetry.AGE}),
        alarms=(f"{violations:,} order violations",) if violations else (),
    )


def _gateway(scrape: Scrape) -> JobFigures:
    verdicts = scrape.by_label(door_telemetry.VERDICTS, "verdict")
    violations = scrape.total(door_telemetry.VIOLATIONS)
    return JobFigures(
        job="gateway",
        taken=sum(verdicts.values()),
        passed=scrape.total(door_telemetry.ACKNOWLEDGED),
        rejected=verdicts.get(door_telemetry.REJECTED, 0),
        refused=scrape.total(REFUSED),
        waiting=f"{scrape.total(door_telemetry.IN_HAND):,} in hand",
        ages=_ages(scrape, {"from the request onto the stream": door_telemetry.AGE}),
        alarms=(f"{violations:,} order violations",) if violations else (),
    )


def _inspect(scrape: Scrape) -> JobFigures:
    verdicts = scrape.by_label(inspection_telemetry.VERDICTS, "verdict")
    return JobFigures(
        job="inspect",
        taken=scrape.total(READ),
        passed=verdicts.get(inspection_telemetry.ACCEPTED, 0),
        rejected=verdicts.get(inspection_telemetry.REJECTED, 0),
        notices=scrape.total(SENT),
        waiting=_behind(scrape),
        ages=_ages(scrape, {"from the stream to the verdict": inspection_telemetry.AGE}),
        alarms=(*_gaps(scrape), *_not_sent(scrape)),
    )


def _deliver(scrape: Scrape) -> JobFigures:
    records = scrape.by_label(delivery_telemetry.RECORDS, "verdict")
    to_load = scrape.total(delivery_telemetry.TO_LOAD)
    ages = {
        "into the lake": delivery_telemetry.AGE,
        "into the table": delivery_telemetry.FRESHNESS,
    }
    return JobFigures(
        job="deliver",
        taken=scrape.total(READ),
        passed=records.get(delivery_telemetry.ACCEPTED, 0),
        rejected=records.get(delivery_telemetry.REJECTED, 0),
        loaded=scrape.by_label(delivery_telemetry.LOADED, "outcome").get("rows", 0),
        waiting=f"{to_load:,} to load" if to_load else _behind(scrape),
        ages=_ages(scrape, ages),
        alarms=_gaps(scrape),
    )


def _monitor(scrape: Scrape) -> JobFigures:
    outcomes = scrape.by_label(monitoring_telemetry.METRICS)
    broken = scrape.total(monitoring_telemetry.BROKEN)
    return JobFigures(
        job="monitor",
        taken=scrape.total(READ),
        passed=scrape.total(monitoring_telemetry.FINDINGS),
        rejected=outcomes.get("malformed", 0),
        notices=scrape.total(SENT),
        waiting=_behind(scrape),
        ages=_ages(scrape, {"from the metric to its evaluation": monitoring_telemetry.AGE}),
        alarms=(*_gaps(scrape), *_not_sent(scrape), *((f"{broken:,} broken metrics",) if broken else ())),
    )


def _not_sent(scrape: Scrape) -> tuple[str, ...]:
    failed = scrape.total(NOT_SENT)
    return (f"{failed:,} messages not accepted",) if failed else ()


def _behind(scrape: Scrape) -> str:
    return f"{scrape.total(LAG):,} ms behind"


def _gaps(scrape: Scrape) -> tuple[str, ...]:
    gaps = scrape.total(GAPS)
    return (f"{gaps:,} gaps",) if gaps else ()


def _ages(scrape: Scrape, specs: Mapping[str, HistogramSpec]) -> Mapping[str, tuple[float, float]]:
    found = ((what, scrape.quantile(spec, 0.5), scrape.quantile(spec, 0.99)) for what, spec in specs.items())
    return {what: (half, most) for what, half, most in found if half is not None and most is not None}


_JOBS: Final[Mapping[str, Callable[[Scrape], JobFigures]]] = {
    NAMESPACE: _run,
    gateway_telemetry.NAMESPACE: _gateway,
    inspector_telemetry.NAMESPACE: _inspect,
    lake_telemetry.NAMESPACE: _deliver,
    monitor_telemetry.NAMESPACE: _monitor,
}
