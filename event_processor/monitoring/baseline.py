"""The rule: a value that is usual in one way at least is as it should be. Pure."""

from collections.abc import Iterator, Sequence
from functools import cache
from math import log, sqrt
from typing import Final, NamedTuple

from event_processor.monitoring.deviations import Band, band, unscaled
from event_processor.monitoring.features import Sight
from event_processor.monitoring.finding import number_words
from event_processor.monitoring.guards import Alarm
from event_processor.monitoring.history import DAY, History
from event_processor.monitoring.views import View

WIDTHS: Final = (5.5, 4.0, 3.2)
"""Of the band of minutes on both sides, in standard deviations: of a single bucket, and less for the second and the
third in a row that are as far off on the same side."""
_PER_WEEK: Final = 1_000 * 7 * DAY
WARM: Final = 30
WARM_DAILY: Final = 21
_CLEAR: Final = 2.0


def needed(bucket_seconds: int) -> int:
    """How many buckets the rule must have seen."""
    return WARM_DAILY if bucket_seconds >= DAY else WARM


class Limits(NamedTuple):
    """How far a bucket may be off, in standard deviations."""

    below: float
    above: float


def limits(history: History, place: int, start: int) -> Limits:
    """By the buckets right before it."""
    before = history.deviations_before(place, start, len(WIDTHS) - 1)
    widths = [width * _rarity(history.bucket_seconds) for width in WIDTHS]
    return Limits(_limit(widths, [-each for each in before]), _limit(widths, before))


def usual_band(sight: Sight, limit: Limits) -> Band | None:
    """What the rule has nothing against, by the view that the value is nearest to."""
    if sight.nearest is None:
        return None
    found = band(sight.nearest, *limit, sight.kind)
    if sight.kind.counts or sight.kind.share:
        top = 1.0 if sight.kind.share else found.high
        return Band(found.expected, max(0.0, found.low), min(top, found.high))
    return found


def score_of(sight: Sight, limit: Limits) -> float:
    """How far out of the band: 1 is its edge."""
    far = sight.deviation
    return far / limit.above if far > 0 else -far / limit.below


def rule(sight: Sight, limit: Limits) -> Alarm | None:
    """Whether the rule objects."""
    score = score_of(sight, limit)
    if score <= 1:
        return None
    far = "far " if score >= _CLEAR else ""
    side = "above" if sight.deviation > 0 else "below"
    return Alarm(
        "baseline", "critical" if score >= _CLEAR else "warning", score, f"{far}{side} everything that is usual"
    )


@cache
def _rarity(bucket_seconds: int) -> float:
    """The fewer buckets a week has, the less is needed for a deviation to be as rare in a week."""
    return sqrt(log(_PER_WEEK / bucket_seconds) / log(_PER_WEEK / 60))


def _limit(widths: Sequence[float], before: Sequence[float]) -> float:
    limit = widths[0]
    for count, width in enumerate(widths[1:], 1):
        if len(before) >= count and all(each > width for each in before[:count]):
            limit = width
    return limit


def comparisons(sight: Sight, history: History) -> Iterator[str]:
    """A sentence for each view, the telling ones first."""
    nearest = sight.nearest
    for view in sorted(sight.views, key=lambda each: each is not nearest):
        far = sight.deviations.get(view.name)
        if far is None or view.name == "local":
            continue
        side = "above" if far > 0 else "below"
        where = _words(view, history)
        usual = number_words(unscaled(view.middle))
        yield f"{where} it was {usual} (median); this is {abs(far):.1f} standard deviations {side}."


def _words(view: View, history: History) -> str:
    if view.name in {"short", "long"}:
        return f"In the {view.size} buckets before"
    return f"At this time of {view.name}" if history.bucket_seconds < DAY else "On this day of the week"
