"""How far a value is from what was usual, in standard deviations, and the band that is that far. Pure.

A count of few varies by chance alone, and a share of few as well: a deviation is never larger than chance allows for.
"""

from math import hypot, inf, sinh, sqrt
from sys import float_info
from typing import Final, NamedTuple

from event_processor.monitoring.views import View

_RELATIVE: Final = 0.02  # nothing is so constant that 2 % would say anything ...
_ABSOLUTE: Final = 0.002  # ... nor that this would, of values near zero
_COUNTS_MATTER_BELOW: Final = 1e7
_LARGEST: Final = 710.0  # sinh of it is near the largest number there is


class Kind(NamedTuple):
    """What varies by chance in a value: a count, a share of `n`, or neither."""

    counts: bool
    share: bool
    n: int
    usual_n: float
    mean: float
    """Of the recent values: the median of small counts hides that there are any."""
    unit: float = 1.0
    """What one record adds to a sum."""


class Band(NamedTuple):
    """In units of the value."""

    expected: float
    low: float
    high: float


def deviation(view: View, value: float, scaled: float, kind: Kind) -> float:
    """Signed; 0 between the middles of a view."""
    if view.low <= scaled <= view.high:
        return 0.0
    edge = view.low if scaled < view.low else view.high
    robust = (scaled - edge) / _sigma(view, edge, kind)
    by_chance = _chance(unscaled(edge), view.size, value, kind)
    return robust if abs(robust) <= abs(by_chance) else by_chance


def band(view: View, below: float, above: float, kind: Kind) -> Band:
    """All values that deviate from a view by no more than `below` and `above` it."""
    low = unscaled(view.low - below * _sigma(view, view.low, kind))
    high = unscaled(view.high + above * _sigma(view, view.high, kind))
    expected = unscaled(view.middle)
    if kind.counts or kind.share:
        low = min(low, _by_chance(unscaled(view.low), view.size, -below, kind))
        high = max(high, _by_chance(unscaled(view.high), view.size, above, kind))
    return Band(expected, *(max(-float_info.max, min(float_info.max, each)) for each in (low, high)))


def unscaled(value: float) -> float:
    """What asinh made it of; of what would be too large for a number, a very large one."""
    return sinh(max(-_LARGEST, min(_LARGEST, value)))


def _sigma(view: View, edge: float, kind: Kind) -> float:
    size = abs(sinh(edge)) if abs(edge) < 20 else inf
    floor = _ABSOLUTE + (_RELATIVE * size / hypot(1.0, size) if size < inf else _RELATIVE)
    sigma = hypot(view.spread, floor)
    if kind.counts or kind.share or not 0 < kind.n < kind.usual_n:
        return sigma
    return sigma * sqrt(kind.usual_n / kind.n)  # the mean of fewer records than usual


def _chance(usual: float, size: int, value: float, kind: Kind) -> float:
    """As deviations of Poisson's distribution, about: a normal one after a transformation that makes its tails so."""
    if kind.share:
        part, mean = _rarer(usual, value, kind)
        return _poisson(mean, part, size) * (1 if usual <= 0.5 else -1)
    if kind.counts and value < _COUNTS_MATTER_BELOW * kind.unit:
        return _poisson(_mean(usual, kind), value / kind.unit, size)
    return inf


def _by_chance(usual: float, size: int, width: float, kind: Kind) -> float:
    """The value that is so many deviations off."""
    if kind.share:
        rare = usual <= 0.5
        _, mean = _rarer(usual, usual, kind)
        part = _poisson_value(mean, width if rare else -width, size) / kind.n
        return part if rare else 1 - part
    return _poisson_value(_mean(usual, kind), width, size) * kind.unit


def _mean(usual: float, kind: Kind) -> float:
    return max(0.0, min(max(usual, kind.mean) / kind.unit, usual / kind.unit + 1))


def _rarer(usual: float, value: float, kind: Kind) -> tuple[float, float]:
    """The count of those that are, or that are not, whichever is rarer; and how many are to be expected."""
    usual, value, mean = (min(max(each, 0.0), 1.0) for each in (usual, value, kind.mean))
    if usual > 0.5:
        usual, value, mean = 1 - usual, 1 - value, 1 - mean
    return value * kind.n, max(usual, min(mean, usual + 1 / kind.usual_n)) * kind.n


def _poisson(mean: float, count: float, size: int) -> float:
    mean += 0.5 / size
    return 3 * (sqrt((mean + 2 * max(count, 0.0)) / 3) - sqrt(mean)) / sqrt(1 + 1 / size)


def _poisson_value(mean: float, width: float, size: int) -> float:
    mean += 0.5 / size
    root = sqrt(mean) + width * sqrt(1 + 1 / size) / 3
    return (3 * root * root - mean) / 2 if root > 0 else -inf
