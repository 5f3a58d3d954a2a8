"""What is seen of a bucket: how far it is from each view of what was usual, and what models are shown of it.

Causal: what is seen of a bucket is seen before it is history. Pure.
"""

from collections.abc import Sequence
from math import asinh, copysign, hypot, isnan, log1p, nan
from operator import mul
from statistics import fmean
from typing import Final, NamedTuple

from event_processor.monitoring.deviations import Kind, deviation
from event_processor.monitoring.history import History, Seen
from event_processor.monitoring.views import LONG, SHORT, View, telling, views_of

FEATURES: Final = (
    "short", "long", "day", "week", "local",
    "abs_short", "abs_long", "abs_day", "abs_week", "abs_local",
    "rule", "least", "most", "change", "above", "below", "repeats", "volatility", "zero", "lately", "before",
    "novelty",
)  # fmt: skip
_VIEWS: Final = FEATURES[:5]
_SMALL_COUNT: Final = 75
_SIZES_DIFFER: Final = 2.0  # a sum varies more than the count of what is summed up
_LATELY: Final = 5


class Beside(NamedTuple):
    """The change since the last value, and how far it is above and below all recent ones, in spreads of them."""

    change: float = 0.0
    above: float = 0.0
    below: float = 0.0


class Sight(NamedTuple):
    """A bucket, compared with what was usual."""

    scaled: float
    kind: Kind
    views: Sequence[View]
    deviations: dict[str, float]
    """Of each view, signed, in standard deviations."""
    nearest: View | None
    """Of those that say something, the one that the value deviates from least."""
    recent: Sequence[float]
    """The newest usable values, scaled."""
    beside: "Beside"

    @property
    def deviation(self) -> float:
        """From the nearest view: what the rule goes by. A value that is usual in one way is usual."""
        return self.deviations[self.nearest.name] if self.nearest else 0.0

    @property
    def seen(self) -> Seen:
        """What is remembered of it."""
        if isnan(self.scaled):
            return Seen(nan, nan, nan)
        residual = next((self.scaled - view.middle for view in self.views if view.name == "day"), nan)
        return Seen(residual, self.deviation, self.oddity)

    @property
    def oddity(self) -> float:
        """How far the value is from the middle of recent ones and how far beyond all of them, on average. By no other
        view: what those say varies with the one that happens to be nearest."""
        return (abs(_squeezed(self.deviations.get("long", 0.0))) + max(self.beside.above, self.beside.below)) / 2


def see(history: History, place: int, start: int, value: float, n: int, *, share: bool) -> Sight:
    """The value of a bucket, against what was before it. `share`: it is a share of `n`."""
    views = views_of(history, place, start)
    kind = _kind(history, place, views, value, n, share=share)
    scaled, recent = asinh(value), history.before(place, LONG, history.scaled, history.flagged)
    if isnan(value):
        return Sight(scaled, kind, views, {}, None, recent, Beside())
    deviations = {view.name: deviation(view, value, scaled, kind) for view in views}
    nearest = min(telling(views), key=lambda view: abs(deviations[view.name]), default=None)
    return Sight(scaled, kind, views, deviations, nearest, recent, _beside(recent, views, scaled))


def features_of(history: History, place: int, sight: Sight) -> list[float]:
    """FEATURES, of a bucket with a value."""
    signed = [_squeezed(sight.deviations.get(name, 0.0)) for name in _VIEWS]
    sizes = [abs(each) for each in signed]
    known = [abs(each) for name, each in zip(_VIEWS, signed, strict=True) if name in sight.deviations]
    rule = log1p(abs(sight.deviation))
    return [
        *signed,
        *sizes,
        rule,
        min(known, default=0.0),
        max(known, default=0.0),
        *sight.beside,
        log1p(_repeats(sight.recent, sight.scaled)),
        _volatility(sight.views),
        float(sight.scaled == 0),
        *_earlier(history, place, rule),
        sight.oddity - (history.peaks[place - 1] if place else 0.0),  # some series are often out of their bounds
    ]


def _beside(recent: Sequence[float], views: Sequence[View], scaled: float) -> Beside:
    if not recent:
        return Beside()
    spreads = {view.name: hypot(view.spread, 0.02) for view in views}
    unit = spreads.get("long", spreads.get("short", 1.0))
    change = (scaled - recent[-1]) / spreads.get("short", 1.0)
    above, below = (scaled - max(recent)) / unit, (min(recent) - scaled) / unit
    return Beside(_squeezed(change), _squeezed(max(0.0, above)), _squeezed(max(0.0, below)))


def _repeats(recent: Sequence[float], scaled: float) -> int:
    count = 0
    for each in reversed(recent):
        if each != scaled:
            break
        count += 1
    return count


def _volatility(views: Sequence[View]) -> float:
    spreads = {view.name: hypot(view.spread, 0.002) for view in views}
    return log1p(spreads["short"] / spreads["long"]) if "long" in spreads else 0.0


def _earlier(history: History, place: int, rule: float) -> tuple[float, float]:
    """How unusual the last ones were on average, this one included, and the most unusual of more."""
    before = history.deviations[max(0, place - SHORT) : place]
    scores = [log1p(abs(each)) for each in before if not isnan(each)]
    return fmean([*scores[-_LATELY:], rule]), max(scores, default=0.0)


def _kind(history: History, place: int, views: Sequence[View], value: float, n: int, *, share: bool) -> Kind:
    counts, share = history.counts and not share, share and n > 0
    usual_n, unit, mean = 0.0, 1.0, 0.0
    if n > 0 or history.has_n:
        ns = sorted(history.before(place, SHORT, history.ns, history.flagged))
        usual_n = float(ns[len(ns) // 2]) if ns else float(n)
        if counts:
            total = sum(history.before(place, LONG, history.ns, history.flagged))
            each = sum(history.before(place, LONG, history.values, history.flagged)) / total if total else 0.0
            each = max(each, value / n if n and not isnan(value) else 0.0)
            unit = each * _SIZES_DIFFER if each > 1 else 1.0
    if share or (counts and views and views[0].middle < asinh(_SMALL_COUNT * unit)):
        values = history.before(place, LONG, history.values, history.flagged)
        weights = history.before(place, LONG, history.ns, history.flagged) if share else [1] * len(values)
        total = sum(weights)
        mean = sum(map(mul, values, weights)) / total if total else 0.0
    return Kind(counts, share, n, max(usual_n, 1.0), mean, unit)


def _squeezed(each: float) -> float:
    """With its sign, like a logarithm for large ones."""
    return copysign(log1p(min(abs(each), 1e6)), each)
