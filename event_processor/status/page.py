"""The status page: one plain HTML page for the person on call, on a phone too. No scripts, no external resources."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from event_processor.status.health import Verdict
from event_processor.status.history import Sample, age, rates
from event_processor.telemetry.metrics import CounterSpec, GaugeSpec, Metrics
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.submission_telemetry import BYTES, LANES, QUEUE, RECEIVED, VIOLATIONS

_WIDTH, _HEIGHT = 300, 60
_ORIGINS: Final = {"default": "", "environment": "set"}
_REJECT_FIELDS: Final = ("received_at", "reason", "pointer", "submission_id", "message_id")
_TO_THE_SECOND: Final = 19  # characters of a time
_CHARTS: Final = (
    ("submissions received a second", RECEIVED),
    ("events published a second", PUBLISHED),
    ("records refused a second", REFUSED),
)


@dataclass(frozen=True, slots=True)
class Status:
    """All that the page shows. `settings` has no secrets, `rejects` no payload."""

    version: str
    replica: str
    live: Verdict
    ready: Verdict
    metrics: Metrics
    samples: Sequence[Sample]
    max_submissions: int
    max_bytes: int
    rejects: Sequence[dict[str, Any]]
    settings: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class _Figure:
    value: str
    name: str
    note: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class _Chart:
    """A line over its area, the lower edge 0, the upper edge the largest value."""

    title: str
    now: str
    top: str
    line: str


def render(status: Status) -> str:
    """The page."""
    span = _ago(status.samples[-1].at - status.samples[0].at)
    verdicts = (("Not live", status.live), ("Not ready", status.ready))
    return _TEMPLATE.render(
        replica=status.replica,
        version=status.version,
        troubles=[(what, reason) for what, verdict in verdicts for reason in verdict.reasons],
        warnings=[warning for _, verdict in verdicts for warning in verdict.warnings],
        figures=list(_figures(status, span)),
        span=span,
        width=_WIDTH,
        height=_HEIGHT,
        charts=[_chart(title, rates(status.samples, spec)) for title, spec in _CHARTS],
        reasons=[(reason, f"{n:,}") for reason, n in Counter(status.metrics.by_label(REJECTS)).most_common()],
        rejects=[_reject(reject) for reject in status.rejects],
        settings=[(name, value or "-", _ORIGINS.get(origin, origin)) for name, value, origin in status.settings],
    )


def _figures(status: Status, span: str) -> Iterator[_Figure]:
    queue = status.metrics.by_label(QUEUE)
    yield _Figure(_whole(status, LANES), "lanes in flight", f"of {status.max_submissions:,}")
    yield _Figure(_mib(status.metrics.total(BYTES)), "MiB in flight", f"of {_mib(status.max_bytes)}")
    yield _Figure(f"{queue.get('visible', 0):,}", "waiting on the queue", "as SQS estimates")
    for share in (50, 95, 99):
        yield _Figure(_age(status.samples, share / 100), f"age p{share}", f"last {span}")
    yield _Figure(_whole(status, PUBLISHED), "events published", "since the start")
    yield _Figure(_whole(status, REJECTS), "rejects", "since the start")
    yield _Figure(_whole(status, REFUSED), "records refused", "and sent again")
    violations = _whole(status, VIOLATIONS)
    yield _Figure(violations, "order violations", "must be 0", alarm=violations != "0")


def _whole(status: Status, spec: CounterSpec | GaugeSpec) -> str:
    return f"{status.metrics.total(spec):,.0f}"


def _age(samples: Sequence[Sample], share: float) -> str:
    seconds = age(samples, share)
    return "-" if seconds is None else f"{seconds:.3g} s"


def _mib(size_bytes: float) -> str:
    return f"{size_bytes / 1024 / 1024:.3g}"


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _chart(title: str, values: Sequence[float]) -> _Chart:
    top = max(values, default=0.0)
    step = _WIDTH / max(len(values) - 1, 1)
    points = (f"{i * step:.1f},{_HEIGHT - value / (top or 1) * (_HEIGHT - 2):.1f}" for i, value in enumerate(values))
    return _Chart(title, _rate(values[-1] if values else 0.0), _rate(top), " ".join(points))


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"


def _reject(reject: dict[str, Any]) -> dict[str, str]:
    """What and where, and the ids to look for."""
    shown = {name: "-" if reject.get(name) is None else str(reject[name]) for name in _REJECT_FIELDS}
    return {**shown, "received_at": shown["received_at"][:_TO_THE_SECOND]}


def _visible(value: Any) -> Any:
    """Text without invisible characters: control characters, changes of writing direction, lone surrogates.

    Text that Jinja escaped already, such as a macro's, had this done to it.
    """
    if type(value) is not str or value.isprintable():
        return value
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in value)


def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("event_processor.status"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("status.html")


_TEMPLATE: Final = _template()
