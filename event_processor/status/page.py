"""The status page: one plain HTML page for the person on call, on a phone too. No scripts, no external resources."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from event_processor.status.health import Verdict
from event_processor.status.history import Charted, Sample, age, rates
from event_processor.status.templating import read_template
from event_processor.telemetry.metrics import CounterSpec, Metrics
from event_processor.telemetry.reject_telemetry import REJECTS

if TYPE_CHECKING:
    from event_processor.status.series_picture import Picture  # of the monitor alone, whose modules it brings

_WIDTH, _HEIGHT = 300, 60
_ORIGINS: Final = {"default": "", "environment": "set"}
_TO_THE_SECOND: Final = 19  # characters of a time


@dataclass(frozen=True, slots=True)
class Process:
    """What the page of each job shows of its process. `settings` has no secrets; `links` are texts and addresses."""

    version: str
    replica: str
    live: Verdict
    ready: Verdict
    settings: Sequence[tuple[str, str, str]]
    links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name; an alarm is marked."""

    value: str
    name: str
    note: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A line over its area, the lower edge 0, the upper edge the largest value."""

    title: str
    now: str
    top: str
    line: str


@dataclass(frozen=True, slots=True)
class ShownReject:
    """One of the latest rejects: what, where and when, what else there is to say, and the ids to look for.

    A link to it ends with `#` and its anchor.
    """

    anchor: str
    reason: str
    pointer: str
    received_at: str
    facts: Sequence[str]


class Link(NamedTuple):
    """Leads to another page."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title."""

    title: str
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class MetricLine:
    """A metric that is watched. `url`: of its open finding, which has this severity."""

    name: str
    url: str
    picture: "Picture | None"
    value: str
    band: str
    state: str
    when: str
    severity: str


class ShownFinding(NamedTuple):
    """One of the latest findings."""

    when: str
    link: Link
    severity: str
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class Watch:
    """What a monitor sees: before all else, as this is what its page is opened for."""

    findings: Sequence[ShownFinding]
    lines: Sequence[MetricLine]
    links: Sequence[Link]


@dataclass(frozen=True, slots=True)
class Page:
    """What the page of one job shows besides; no payload. `job` is which it is, and what it works on."""

    job: str
    figures: Sequence[Figure]
    span: str
    charts: Sequence[Chart]
    reasons: Table
    rejects: Sequence[ShownReject]
    tables: Sequence[Table] = ()
    watch: Watch | None = None


def render(process: Process, page: Page) -> str:
    """The page."""
    verdicts = (("Not live", process.live), ("Not ready", process.ready))
    return _TEMPLATE.render(
        replica=process.replica,
        version=process.version,
        links=process.links,
        troubles=[(what, reason) for what, verdict in verdicts for reason in verdict.reasons],
        warnings=[warning for _, verdict in verdicts for warning in verdict.warnings],
        page=page,
        width=_WIDTH,
        height=_HEIGHT,
        settings=[(name, value or "-", _ORIGINS.get(origin, origin)) for name, value, origin in process.settings],
    )


def rejects_by(word: str, metrics: Metrics) -> Table:
    """The most frequent first."""
    reasons = Counter(metrics.by_label(REJECTS)).most_common()
    return Table(f"Rejects by {word}", [(reason, f"{n:,}") for reason, n in reasons])


def span(samples: Sequence[Sample]) -> str:
    """How far back they go."""
    seconds = samples[-1].at - samples[0].at
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def ages(samples: Sequence[Sample], charted: Charted, name: str) -> list[Figure]:
    """Three quantiles of what was done of late."""
    found = ((share, age(samples, charted, share / 100)) for share in (50, 95, 99))
    note = f"last {span(samples)}"
    return [
        Figure("-" if seconds is None else f"{seconds:.3g} s", f"{name} p{share}", note) for share, seconds in found
    ]


def chart(title: str, samples: Sequence[Sample], charted: Charted, spec: CounterSpec) -> Chart:
    """A counter's rate over time."""
    values = rates(samples, charted, spec)
    top = max(values, default=0.0)
    step = _WIDTH / max(len(values) - 1, 1)
    points = (f"{i * step:.1f},{_HEIGHT - value / (top or 1) * (_HEIGHT - 2):.1f}" for i, value in enumerate(values))
    return Chart(title, _rate(values[-1] if values else 0.0), _rate(top), " ".join(points))


def known(value: object) -> str:
    """As text; a dash for what is not known."""
    return "-" if value is None else str(value)


def moment(seconds: int) -> str:
    """A time in seconds since 1970, as it is shown."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def to_the_second(time: str) -> str:
    """A time without its fractions."""
    return time[:_TO_THE_SECOND]


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"


_TEMPLATE: Final = read_template("event_processor.status", "status.html")


def shown_record(reject: dict[str, Any]) -> ShownReject:
    """What is shown of the summary of a record's reject."""
    facts = [f"subject {known(reject.get('subject'))}", f"version {known(reject.get('version'))}"]
    facts += [f"expected {fault['expected']}" for fault in reject["faults"][:1] if fault.get("expected")]
    sender = (("device", "device_id"), ("library", "library"), ("app", "app_version"))
    facts += [f"{name} {reject[field]}" for name, field in sender if reject.get(field)]
    return ShownReject(
        anchor=reject["reject_id"],
        reason=reject["reason"],
        pointer=reject["pointer"],
        received_at=to_the_second(reject["received_at"]),
        facts=[*facts, f"record {reject['source_id']}"],
    )
