"""Within which limits a true share lies, when so many of so many cases were seen: Clopper and Pearson's exact interval.

Exact because canaries are small: approximations (Wald's, Wilson's) make too much of the first one or two cases.
"""

from functools import lru_cache
from math import exp, lgamma, log, log1p
from typing import Final

MISSED: Final = 0.00135  # how often the true share is beyond one of the limits: that of three standard deviations
_STEPS: Final = 50  # of halving: to 1e-15
_MOST_TERMS: Final = 20_000
_PRECISION: Final = 1e-12
_TINY: Final = 1e-300


@lru_cache(maxsize=256)  # most checks of a comparison ask for the same few
def limits(seen: float, cases: float) -> tuple[float, float]:
    """The least and the largest true share that agree with what was seen. Cases need not be whole numbers."""
    if cases <= 0:
        return 0.0, 1.0
    seen = min(max(seen, 0.0), cases)
    low = _share_at(MISSED, seen, cases - seen + 1) if seen > 0 else 0.0
    high = _share_at(1 - MISSED, seen + 1, cases - seen) if seen < cases else 1.0
    return low, high


def _share_at(probability: float, a: float, b: float) -> float:
    """Where the distribution function of beta(a, b) has this value."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _beta(middle, a, b) < probability else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The distribution function of beta(a, b): its continued fraction, on the side where that converges soon."""
    if not 0 < x < 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """By the modified algorithm of Lentz."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _not_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
