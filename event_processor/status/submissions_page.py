"""What the status page of `run` shows: lanes, ages, rates, rejects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from event_processor.status.history import Sample
from event_processor.status.page import Figure, Page, ShownReject, ages, chart, known, rejects_by, span, to_the_second
from event_processor.status.submissions_health import CHARTED
from event_processor.telemetry.metrics import CounterSpec, GaugeSpec, Metrics
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.submission_telemetry import BYTES, LANES, QUEUE, RECEIVED, VIOLATIONS

_CHARTS: Final = (
    ("submissions received a second", RECEIVED),
    ("events published a second", PUBLISHED),
    ("records refused a second", REFUSED),
)


@dataclass(frozen=True, slots=True)
class Status:
    """What the page is made of. `rejects` have no payload."""

    metrics: Metrics
    samples: Sequence[Sample]
    max_submissions: int
    max_bytes: int
    rejects: Sequence[dict[str, Any]]


def submissions_page(status: Status) -> Page:
    """The page of now."""
    return Page(
        job="run",
        figures=list(_figures(status)),
        span=span(status.samples),
        charts=[chart(title, status.samples, CHARTED, spec) for title, spec in _CHARTS],
        reasons=rejects_by("reason", status.metrics),
        rejects=[_reject(reject) for reject in status.rejects],
    )


def _figures(status: Status) -> Iterator[Figure]:
    queue = status.metrics.by_label(QUEUE)
    yield Figure(_whole(status, LANES), "lanes in flight", f"of {status.max_submissions:,}")
    yield Figure(_mib(status.metrics.total(BYTES)), "MiB in flight", f"of {_mib(status.max_bytes)}")
    yield Figure(f"{queue.get('visible', 0):,}", "waiting on the queue", "as SQS estimates")
    yield from ages(status.samples, CHARTED, "age")
    yield Figure(_whole(status, PUBLISHED), "events published", "since the start")
    yield Figure(_whole(status, REJECTS), "rejects", "since the start")
    yield Figure(_whole(status, REFUSED), "records refused", "and sent again")
    violations = _whole(status, VIOLATIONS)
    yield Figure(violations, "order violations", "must be 0", alarm=violations != "0")


def _whole(status: Status, spec: CounterSpec | GaugeSpec) -> str:
    return f"{status.metrics.total(spec):,.0f}"


def _mib(size_bytes: float) -> str:
    return f"{size_bytes / 1024 / 1024:.3g}"


def _reject(reject: dict[str, Any]) -> ShownReject:
    return ShownReject(
        anchor=known(reject.get("reject_id")),
        reason=known(reject.get("reason")),
        pointer=known(reject.get("pointer")),
        received_at=to_the_second(known(reject.get("received_at"))),
        facts=[f"submission {known(reject.get('submission_id'))}", f"message {known(reject.get('message_id'))}"],
    )
