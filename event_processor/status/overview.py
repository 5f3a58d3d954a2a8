"""The overview: all jobs that this one knows in one picture, with what goes along each arrow, and a table of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from event_processor.status.neighbours import Rates, Seen
from event_processor.status.templating import read_template

State: TypeAlias = Literal["ok", "warning", "bad"]


class Place(NamedTuple):
    """The upper left corner of a box in the picture, and its size."""

    x: int
    y: int
    width: int
    height: int = 64


@dataclass(frozen=True, slots=True)
class Box:
    """A job, or what stands at the end of an arrow."""

    place: Place
    title: str
    note: str = ""
    state: State | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From left to right, or down for rejects; what is above and below it."""

    x: int
    y: int
    length: int
    above: str
    below: str
    state: State
    is_down: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows."""

    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    troubles: Sequence[tuple[str, str]]
    warnings: Sequence[tuple[str, str]]
    rows: Sequence[tuple[str, str, Sequence[str]]]
    height: int


class _Kind(NamedTuple):
    """Where a job stands, what is at its other end, and what it passes on there is called."""

    y: int
    end: str
    unit: str


_WRITERS: Final = {"run": _Kind(20, "SQS", "events"), "gateway": _Kind(170, "HTTP", "records")}
_READERS: Final = {
    "inspect": _Kind(20, "notices", "notices"),
    "deliver": _Kind(170, "lake", "rows"),
    "monitor": _Kind(320, "notices", "notices"),
}
_JOB_WIDTH: Final = 130
_END_WIDTH: Final = 100
_WRITER_X: Final = 210
_STREAM_X: Final = 450
_READER_X: Final = 660
_END_X: Final = 900
_HALF: Final = 32
_REJECTS: Final = 26


def overview(seen: Sequence[Seen]) -> Overview:
    """Of all jobs, ourselves first. Several of a kind are one box, with the sum of what they do."""
    kinds: dict[str, list[Seen]] = {}
    for each in seen:
        kinds.setdefault(_kind(each), []).append(each)
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for name, kind in {**_WRITERS, **_READERS}.items():
        if name in kinds:
            boxes += _boxes(name, kind, kinds[name])
            arrows += _arrows(name, kind, kinds[name])
    bottom = max((box.place.y for box in boxes), default=0)
    boxes.append(Box(Place(_STREAM_X, 20, _END_WIDTH, bottom + _HALF * 2 - 20), "streams"))
    return Overview(
        boxes=boxes,
        arrows=arrows,
        troubles=[(_title(each), trouble) for each in seen for trouble in each.troubles],
        warnings=[(_title(each), warning) for each in seen for warning in each.warnings],
        rows=[(_title(each), each.url, list(_cells(each))) for each in seen],
        height=bottom + 120,
    )


def render_overview(seen: Sequence[Seen], replica: str, version: str) -> str:
    """The page."""
    return _TEMPLATE.render(found=overview(seen), replica=replica, version=version)


def _kind(seen: Seen) -> str:
    """By what it tells, and before it has told anything by its name."""
    if seen.figures is not None:
        return seen.figures.job
    return next((kind for kind in (*_WRITERS, *_READERS) if seen.name.startswith(kind)), "")


def _title(seen: Seen) -> str:
    return seen.name or f"{_kind(seen)} (this one)"


def _state(seen: Sequence[Seen]) -> State:
    if any(each.troubles for each in seen):
        return "bad"
    return "warning" if any(each.warnings for each in seen) else "ok"


def _boxes(name: str, kind: _Kind, seen: Sequence[Seen]) -> Iterator[Box]:
    state = _state(seen)
    notes = {"ok": "ready", "warning": "ready, with warnings", "bad": "alert: see below"}
    x, end_x = (_WRITER_X, 0) if name in _WRITERS else (_READER_X, _END_X)
    title = name if len(seen) == 1 else f"{name} ({len(seen)})"
    yield Box(Place(x, kind.y, _JOB_WIDTH), title, notes[state], state, seen[0].url)
    yield Box(Place(end_x, kind.y, _END_WIDTH), kind.end)


def _arrows(name: str, kind: _Kind, seen: Sequence[Seen]) -> Iterator[Arrow]:
    """Into the job with what it takes and what waits, out of it with what it passes on, down with its rejects."""
    state, y = _state(seen), kind.y + _HALF
    rates, figures = _sum(seen), [each.figures for each in seen if each.figures]
    waiting = ", ".join(each.waiting for each in figures) if len(figures) < 2 else ""
    passed, total = _passed(name, rates), sum(_total(name, each.figures) for each in seen)
    taken, out = _a_second(rates and rates.taken), _a_second(passed)
    rejected = f"{sum(each.rejected for each in figures):,} rejects, {_a_second(rates and rates.rejected)}"
    reader = _READER_X, _STREAM_X + _END_WIDTH, _END_X
    x, left, right = (_WRITER_X, _END_WIDTH, _STREAM_X) if name in _WRITERS else reader
    yield Arrow(left, y, x - left, taken, waiting, state)
    yield Arrow(x + _JOB_WIDTH, y, right - x - _JOB_WIDTH, out, f"{total:,} {kind.unit}", state)
    yield Arrow(x + _HALF, kind.y + _HALF * 2, _REJECTS, rejected, "", state, is_down=True)


def _sum(seen: Sequence[Seen]) -> Rates | None:
    rates = [each.rates for each in seen if each.rates]
    return Rates(*map(sum, zip(*rates, strict=True))) if rates else None


def _passed(name: str, rates: Rates | None) -> float | None:
    if rates is None or name in _WRITERS:
        return rates and rates.passed
    return rates.loaded if name == "deliver" else rates.notices


def _total(name: str, figures: object) -> int:
    field = "passed" if name in _WRITERS else "loaded" if name == "deliver" else "notices"
    return int(getattr(figures, field, 0))


def _cells(seen: Seen) -> Iterator[str]:
    figures, rates = seen.figures, seen.rates
    yield "alert" if seen.troubles else "warnings" if seen.warnings else "ready"
    yield _a_second(rates and rates.taken)
    yield _a_second(rates and rates.passed)
    if figures is None:
        yield from ("-", "-", "-")
        return
    yield f"{figures.rejected:,}"
    yield figures.waiting
    yield "; ".join(f"{half:.2g} s {what}" for what, (half, _) in figures.ages.items()) or "-"


def _a_second(rate: float | None) -> str:
    if rate is None:
        return "-"
    return f"{rate:,.0f}/s" if rate >= 10 or not rate else f"{rate:.2g}/s"


_TEMPLATE: Final = read_template("event_processor.status", "overview.html")
