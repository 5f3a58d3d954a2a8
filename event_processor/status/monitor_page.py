"""What the status page of `monitor` shows: a line for each metric, what was found, notices and lag."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from event_processor.monitoring.given import Given
from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.told import page_of
from event_processor.monitoring.tracked import Tracked
from event_processor.status.history import Sample
from event_processor.status.metric_lines import ALL, BOARD, metric_line, worst_first
from event_processor.status.monitor_health import CHARTED
from event_processor.status.page import Figure, Link, Page, ShownFinding, Watch, ages, moment
from event_processor.status.shared_parts import job_page, lag_by_shard, notices_by_channel
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.monitor_telemetry import MonitorTelemetry
from event_processor.telemetry.monitoring_telemetry import LABELS, METRICS, OPEN, QUIET, SERIES, WARMING
from event_processor.telemetry.reading_telemetry import GAPS, LAG

_TITLES: Final = ("metrics read a second", "metrics judged a second", "findings a second")
_MOST_LINES: Final = 30
_MOST_FINDINGS: Final = 20


def monitor_page(
    stream: str, tracked: Mapping[str, Tracked], given: Given, samples: Sequence[Sample], telemetry: MonitorTelemetry
) -> Page:
    """The page of now. `tracked` may change meanwhile."""
    return job_page(
        f"monitor {stream}",
        _figures(telemetry.metrics, samples, given),
        _TITLES,
        CHARTED,
        samples,
        telemetry,
        lag_by_shard(telemetry.reading),
        notices_by_channel(telemetry.metrics, telemetry.notices),
        watch=_watch(list(tracked.values()), given),
    )


def findings(tracked: Sequence[Tracked]) -> list[ShownFinding]:
    """What is wrong now, then what was, the newest first."""
    found = [incident for each in tracked for incident in each.incidents.all]
    found.sort(key=lambda incident: (not incident.is_open, -incident.opened_at))
    return [_finding(incident) for incident in found[:_MOST_FINDINGS]]


def _watch(tracked: Sequence[Tracked], given: Given) -> Watch:
    lines = [metric_line(each, given) for each in worst_first(tracked)[:_MOST_LINES]]
    links = [Link(f"all {len(tracked):,} metrics, to search", ALL[1:]), Link("leaderboard of models", BOARD[1:])]
    return Watch(findings(tracked), lines, links)


def _figures(metrics: Metrics, samples: Sequence[Sample], given: Given) -> Iterator[Figure]:
    outcomes, open_ = metrics.by_one_label(METRICS, "outcome"), metrics.by_one_label(OPEN, "severity")
    critical, gaps = open_.get("critical", 0), metrics.total(GAPS)
    yield Figure(f"{critical:,}", "critical findings", "open now", alarm=critical > 0)
    yield Figure(f"{open_.get('warning', 0):,}", "warnings", "open now")
    yield Figure(f"{metrics.total(SERIES):,.0f}", "metrics", f"{metrics.total(WARMING):,.0f} warming up")
    yield Figure(f"{outcomes.get('evaluated', 0):,}", "evaluated", "since the start")
    yield Figure(f"{outcomes.get('malformed', 0):,}", "malformed", "and stored as rejects")
    yield Figure(f"{metrics.total(QUIET):,.0f} s", "since a metric was evaluated", "nothing is watched while it grows")
    yield Figure(f"{metrics.total(LAG):,.0f} ms", "behind the tip", "the shard that is furthest")
    yield from ages(samples, CHARTED, "judged after")
    model = f"model {given.model.hash[:8]}" if given.model else "no promoted model"
    yield Figure(f"{metrics.total(LABELS):,.0f}", "version of labels", model)
    yield Figure(f"{gaps:,.0f}", "gaps", "must be 0", alarm=gaps > 0)


def _finding(incident: Incident) -> ShownFinding:
    latest = incident.latest
    state = incident.state if incident.closed_at is None else f"{incident.state} {moment(incident.closed_at)}"
    why = latest.reasons[0] if latest.reasons else ""
    link = Link(latest.series.key, page_of(incident.id)[1:])
    return ShownFinding(moment(incident.start), link, latest.severity, state, why)
