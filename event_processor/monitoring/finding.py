"""A finding: a metric is not as it should be, and why we think so. Pure."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from event_processor.ids import uuid5
from event_processor.metrics.metric import SeriesId

Severity = Literal["critical", "warning"]

_SPANS: Final = {1: "second", 60: "minute", 3_600: "hour", 86_400: "day", 604_800: "week"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one metric. The same bucket judged again in the same way is the same finding."""

    id: str
    series: SeriesId
    bucket_start: int
    bucket_seconds: int
    value: float | None
    """None: there is no value, or the bucket did not arrive."""
    expected: float | None
    low: float | None
    high: float | None
    """The band, in units of the value. None while too little is known, and where no band says what is wrong."""
    score: float
    """How far out of the band: 1 is its edge."""
    detector: str
    """`guard:...`, `baseline`, `model:` and eight digits of its hash, or `silence`."""
    reasons: tuple[str, ...]
    """Sentences; the first one quotes the bucket."""
    severity: Severity

    @property
    def layer(self) -> str:
        """The detector without its kind: `guard`, `baseline`, `model` or `silence`."""
        return self.detector.partition(":")[0]

    def as_record(self) -> dict[str, Any]:
        """As it is stored: JSON, the series as its key."""
        return asdict(self) | {"series": self.series.key, "reasons": list(self.reasons)}

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> "Finding":
        """One that was stored. Raises TypeError or ValueError for what is none."""
        changed = {"series": SeriesId.parse(record["series"]), "reasons": tuple(record["reasons"])}
        return cls(**(record | changed))


def finding_id(series: SeriesId, bucket_start: int, detector: str) -> str:
    """The identity of a finding: of its series, bucket and layer, so that judging again makes no second one."""
    return uuid5(f"finding/{series.key}/{bucket_start}/{detector.partition(':')[0]}")


def value_words(name: str, value: float | None) -> str:
    """`3 records`, `1 record`, `null_ratio is 0.31`, or `No value of null_ratio`."""
    if value is None:
        return f"No value of {name}"
    if name.isalpha() and name.endswith("s") and not name.endswith("ss"):
        return f"{number_words(value)} {name[:-1] if value == 1 else name}"
    return f"{name} is {number_words(value)}"


def number_words(value: float) -> str:
    """Four digits, all that are before the point, and thousands apart: `812`, `1,204,331`, `0.01235`."""
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.4g}"
    return f"{value:.4g}"


def bucket_words(start: int, seconds: int) -> str:
    """`the minute from 2026-11-26 10:04 UTC`; `the 15 minutes from ...`."""
    span = _SPANS.get(seconds) or next(
        f"{seconds // unit:,} {name}s" for unit, name in reversed(_SPANS.items()) if not seconds % unit
    )
    return f"the {span} from {datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M{':%S' if start % 60 else ''} UTC}"
