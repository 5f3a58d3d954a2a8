"""What models are shown of a bucket. Causal: `look` at it, and only then `add` it. Pure."""

from typing import Final

FEATURES: Final = (
    "short", "long", "day", "week", "local",
    "abs_short", "abs_long", "abs_day", "abs_week", "abs_local",
    "least", "most", "count", "change", "above", "below", "repeats", "volatility", "zero", "lately", "before",
)  # fmt: skip
