"""What the status page of `monitor` shows: a line for each metric, what was found, notices and lag."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from event_processor.monitoring.finding import number_words
from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.tracked import Tracked
from event_processor.status.history import Sample
from event_processor.status.monitor_health import CHARTED
from event_processor.status.page import Figure, Page, Table, ages, shown_record, span
from event_processor.status.shared_parts import charts, lag_by_shard, notice_rows, rejects_by_code
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.monitor_telemetry import MonitorTelemetry
from event_processor.telemetry.monitoring_telemetry import LABELS, METRICS, MODEL, OPEN, QUIET, SERIES, WARMING
from event_processor.telemetry.reading_telemetry import GAPS, LAG

_TITLES: Final = ("metrics read a second", "metrics judged a second", "findings a second")
_MOST_SERIES: Final = 200
_MOST_FINDINGS: Final = 50


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """What the page is made of. `tracked` may change while it is read."""

    stream: str
    tracked: Mapping[str, Tracked]
    metrics: Metrics
    samples: Sequence[Sample]
    telemetry: MonitorTelemetry


def monitor_page(status: MonitorStatus) -> Page:
    """The page of now."""
    tracked = list(status.tracked.values())
    return Page(
        job=f"monitor {status.stream}",
        figures=list(_figures(status)),
        span=span(status.samples),
        charts=charts(_TITLES, status.samples, CHARTED),
        reasons=rejects_by_code(status.metrics),
        rejects=[shown_record(reject) for reject in status.telemetry.rejects.latest],
        tables=[
            Table("Findings", findings(tracked)),
            Table("Metrics", list(_lines(tracked))),
            lag_by_shard(status.telemetry.reading),
            Table("Notices", list(notice_rows(status.metrics, status.telemetry.notices))),
        ],
    )


def findings(tracked: Sequence[Tracked]) -> list[Sequence[str]]:
    """What is wrong now, then what was, the newest first."""
    found = [incident for each in tracked for incident in each.incidents.all]
    found.sort(key=lambda incident: (not incident.is_open, -incident.opened_at))
    return [_finding(incident) for incident in found[:_MOST_FINDINGS]]


def moment(seconds: int) -> str:
    """As it is shown."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _figures(status: MonitorStatus) -> Iterator[Figure]:
    metrics = status.metrics
    outcomes, open_ = metrics.by_one_label(METRICS, "outcome"), metrics.by_one_label(OPEN, "severity")
    critical, gaps = open_.get("critical", 0), metrics.total(GAPS)
    yield Figure(f"{critical:,}", "critical findings", "open now", alarm=critical > 0)
    yield Figure(f"{open_.get('warning', 0):,}", "warnings", "open now")
    yield Figure(f"{metrics.total(SERIES):,.0f}", "metrics", f"{metrics.total(WARMING):,.0f} warming up")
    yield Figure(f"{outcomes.get('evaluated', 0):,}", "evaluated", "since the start")
    yield Figure(f"{outcomes.get('malformed', 0):,}", "malformed", "and stored as rejects")
    yield Figure(f"{metrics.total(QUIET):,.0f} s", "since a metric was evaluated", "nothing is watched while it grows")
    yield Figure(f"{metrics.total(LAG):,.0f} ms", "behind the tip", "the shard that is furthest")
    yield from ages(status.samples, CHARTED, "judged after")
    model = "a promoted model" if metrics.total(MODEL) else "no promoted model"
    yield Figure(f"{metrics.total(LABELS):,.0f}", "version of labels", model)
    yield Figure(f"{gaps:,.0f}", "gaps", "must be 0", alarm=gaps > 0)


def _lines(tracked: Sequence[Tracked]) -> Iterator[Sequence[str]]:
    """What is wrong first."""
    ordered = sorted(tracked, key=lambda each: (each.incidents.open is None, each.key))
    for each in ordered[:_MOST_SERIES]:
        yield each.key, *_latest(each), _state(each)
    if len(ordered) > _MOST_SERIES:
        yield f"and {len(ordered) - _MOST_SERIES:,} more", "", "", "", ""


def _latest(tracked: Tracked) -> tuple[str, str, str]:
    evaluation = tracked.latest
    when = moment(tracked.arrival.until) if tracked.arrival.until else "-"
    if evaluation is None:
        return "-", "-", when
    value = "no value" if evaluation.value is None else number_words(evaluation.value)
    if evaluation.low is None or evaluation.high is None:
        return value, "no band", when
    return value, f"{number_words(evaluation.low)} to {number_words(evaluation.high)}", when


def _state(tracked: Tracked) -> str:
    if (incident := tracked.incidents.open) is not None:
        return f"{incident.latest.severity}: {incident.latest.detector}"
    evaluation = tracked.latest
    if evaluation is not None and evaluation.warming is not None:
        had, needed = evaluation.warming
        return f"warming up, {had} of {needed}"
    return "as expected" if evaluation is not None else "no metric since the start"


def _finding(incident: Incident) -> Sequence[str]:
    latest = incident.latest
    state = incident.state if incident.closed_at is None else f"{incident.state} {moment(incident.closed_at)}"
    why = latest.reasons[0] if latest.reasons else ""
    return moment(incident.start), latest.series.key, latest.severity, state, why, incident.id
