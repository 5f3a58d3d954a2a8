"""What was usual before a bucket, seen in several ways: just now, for long, at this time of day, of the week. Pure.

Each view says between which middles a value is as it was, and how far values spread around them, on the scale of asinh.
Both are robust: of medians and quartiles.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import hypot, isnan, sqrt
from typing import Final, NamedTuple

from event_processor.monitoring.history import DAY, History

SHORT: Final = 24
LONG: Final = 288
_STEPS: Final = 97
_SQRT2: Final = sqrt(2)
_HOUR: Final = 3_600
_DAYS: Final = tuple(days * DAY for days in range(1, 15))
_WEEKS: Final = tuple(weeks * 7 * DAY for weeks in range(1, 5))
_FEWEST: Final = {"short": 8, "long": SHORT + 1, "day": 3, "local": 8, "week": 1}
_BESIDE: Final = {"day": (-1, 1), "week": (-2, -1, 1, 2)}
_OF_MEDIAN: Final = 1.57  # the variance of a median of n values is so much of theirs, by n
_TAILS: Final = 3.29  # from the 5th percentile to the 95th
_TO_SIGMA: Final = 1.349  # from quartile to quartile of a normal distribution, in standard deviations
_SURE: Final = 8
_CLEARLY: Final = {"day": 2.5, "week": 4.0}


class View(NamedTuple):
    """What was usual: from the lowest to the highest middle, and the spread around them as a standard deviation."""

    name: str
    low: float
    middle: float
    high: float
    spread: float
    size: int
    """Of how many values it was made."""


def views_of(history: History, place: int, start: int) -> list[View]:
    """All views of a bucket there are, of what was before it, whatever stands at its place or behind it."""
    recent = history.before(place, LONG, history.scaled, history.flagged)
    found = [_short(recent), _view("long", recent)]
    short = found[0].spread if found[0] else 0.0
    within = short if history.bucket_seconds < history.slot_seconds else 0.0
    once = short
    if day := _seasonal("day", history, start, _DAYS, within, short):
        local = _local(history, place, day)
        once = 2 * local.spread if local else day.spread
        found += [day, local]
    found.append(_seasonal("week", history, start, _WEEKS, within, once))
    return [each for each in found if each is not None]


def telling(views: Sequence[View]) -> Sequence[View]:
    """Those that say something: whatever happens is usual to a view in which values are much further apart than in
    another, as those of all hours are where each hour has its own."""
    sure = [view.spread for view in views if view.size >= _SURE]
    if not sure:
        return views
    least = max(min(sure), 0.01)
    return [view for view in views if view.size == 1 or view.spread <= least * _CLEARLY.get(view.name, 1.5)]


def _view(name: str, values: Sequence[float]) -> View | None:
    size = len(values)
    if size < _FEWEST[name]:
        return None
    inside = sorted(values)
    middle = _middle(inside)
    return View(name, middle, middle, middle, _spread(inside), size)


def _short(recent: Sequence[float]) -> View | None:
    """Its spread is not less than that from one value to the next, of more values: a few may be close by chance."""
    short = _view("short", recent[-SHORT:])
    if short is None:
        return None
    steps = sorted(right - left for left, right in pairwise(recent[-_STEPS:]))
    return short._replace(spread=max(short.spread, _spread(steps) / _SQRT2))


def _seasonal(name: str, history: History, start: int, ago: Sequence[int], within: float, once: float) -> View | None:
    """Of slots at that time. What was usual an hour before or after it is as well: clocks are changed.

    A time of day or week was seen a few times only: the spread is that of the times beside it, too, each around its own
    middle. `within` is the spread of buckets in a slot, of which only the median is known, and `once` that of what was
    seen too rarely to know.
    """
    width = history.slot_seconds
    if width > (6 * _HOUR if name == "day" else DAY):
        return None
    inside = sorted(history.slots_at([start - each for each in ago]))
    size = len(inside)
    if size < _FEWEST[name]:
        return None
    middle = low = high = _middle(inside)
    around = [each - middle for each in inside]
    for shift in _BESIDE[name]:
        beside = sorted(history.slots_at([start - each + shift * max(width, _HOUR) for each in ago]))
        if beside:
            its_middle = _middle(beside)
            around += [each - its_middle for each in beside if len(beside) > 1]
            if width <= _HOUR and abs(shift) == 1:
                low, high = min(low, its_middle), max(high, its_middle)
    if size == 1:
        return View(name, low, middle, high, hypot(once, within), 1)
    spread = _spread(sorted(around)) * sqrt(size / (size - 1) * (1 + _OF_MEDIAN / size))
    if len(around) < 2 * _SURE:
        spread = max(spread, once)
    return View(name, low, middle, high, hypot(spread, within), len(around))


def _local(history: History, place: int, day: View) -> View | None:
    """The day as it is today: all of it may be busier than others."""
    residuals = [each for each in history.before(place, _STEPS, history.residuals, history.flagged) if not isnan(each)]
    if len(residuals) < _FEWEST["local"]:
        return None
    shift = _middle(sorted(residuals[-SHORT:]))
    return View(
        "local", day.low + shift, day.middle + shift, day.high + shift, _spread(sorted(residuals)), len(residuals)
    )


def _middle(inside: Sequence[float]) -> float:
    size = len(inside)
    return inside[size // 2] if size % 2 else (inside[size // 2 - 1] + inside[size // 2]) / 2


def _spread(inside: Sequence[float]) -> float:
    """Few values seem to lie closer together than they do. Where far ones are usual, they count."""
    size = len(inside)
    if size < 4:
        return (inside[-1] - inside[0]) / 2 * (1 + 3 / size)
    spread = (inside[size - 1 - size // 4] - inside[size // 4]) / _TO_SIGMA
    if size >= 20:
        spread = max(spread, (inside[size - 1 - size // 20] - inside[size // 20]) / _TAILS)
    return spread * (1 + 3 / size)
