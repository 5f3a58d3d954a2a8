"""A metric: one number of one bucket of time, and the record of it on the stream. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Final, NamedTuple
from urllib.parse import unquote

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

KEY_CHARACTERS: Final = 256  # as Kinesis' partition keys
_PLAIN: Final = re.compile(r"[\w.:@+-]+")
_LAST_START: Final = 253_402_300_799  # the end of the year 9999


class SeriesId(NamedTuple):
    """What a metric is a number of. Two metrics of the same series can be compared."""

    dataset: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    """Pairs of name and value, sorted by name."""

    @classmethod
    def of(cls, dataset: str, name: str, **dimensions: str) -> "SeriesId":
        """With the dimensions in order."""
        return cls(dataset, name, tuple(sorted(dimensions.items())))

    @property
    def key(self) -> str:
        """`dataset/name{dimension=value,...}`, the same for the same series. Characters that have a meaning in it, or
        in the pattern of a label, are written as in URLs."""
        pairs = ",".join(f"{_plain(name)}={_plain(value)}" for name, value in self.dimensions)
        return (
            f"{_plain(self.dataset)}/{_plain(self.name)}{{{pairs}}}"
            if pairs
            else (f"{_plain(self.dataset)}/{_plain(self.name)}")
        )

    @classmethod
    def parse(cls, key: str) -> "SeriesId":
        """The series of a key. Raises ValueError for what is none."""
        place, opened, rest = key.partition("{")
        dataset, slash, name = place.partition("/")
        if not (dataset and slash and name) or (opened and not rest.endswith("}")):
            raise ValueError(f"no key of a series: {key!r}")
        pairs = [pair.partition("=") for pair in rest[:-1].split(",")] if opened else []
        found = cls(
            unquote(dataset), unquote(name), tuple(sorted((unquote(left), unquote(right)) for left, _, right in pairs))
        )
        if found.key != key:
            raise ValueError(f"no key of a series: {key!r} (it may be meant as {found.key!r})")
        return found


@dataclass(frozen=True, slots=True)
class Metric:
    """The value of a series in one bucket."""

    series: SeriesId
    bucket_start: int
    """Seconds since 1970, UTC."""
    bucket_seconds: int
    value: float | None
    """None: nothing could be computed, as a ratio of nothing."""
    n: int
    """Of how many records it was made."""
    complete: bool = True
    """Nothing more belongs into the bucket, as far as its producer knows."""
    revision: int = 0
    """Of two metrics of the same bucket the one with the greater revision holds."""

    def to_json(self) -> bytes:
        """The record of it, the same each time."""
        return orjson.dumps(
            {
                "dataset": self.series.dataset,
                "name": self.series.name,
                "dimensions": dict(self.series.dimensions),
                "bucket_start": time_text(self.bucket_start),
                "bucket_seconds": self.bucket_seconds,
                "value": self.value if self.value is None or isfinite(self.value) else None,
                "n": self.n,
                "complete": self.complete,
                "revision": self.revision,
            }
        )


class MetricFault(NamedTuple):
    """Why a record is not a metric, without anything of its content."""

    detail: str


def read_metric(data: bytes) -> Metric | MetricFault:
    """The metric that a record is. Fields beyond those of a metric are ignored."""
    try:
        record = _Record.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = next((step for step in first["loc"][:1] if isinstance(step, str)), "")
        return MetricFault(f"{place}: {first['msg']}" if place else first["msg"])
    start = record.bucket_start.timestamp()
    if not start.is_integer() or not 0 <= start <= _LAST_START - record.bucket_seconds:
        return MetricFault("bucket_start: expected whole seconds, from 1970 to 9999")
    series = SeriesId(record.dataset, record.name, tuple(sorted(record.dimensions.items())))
    if len(series.key) > KEY_CHARACTERS:
        return MetricFault(f"the series' key is longer than {KEY_CHARACTERS} characters")
    return Metric(series, int(start), record.bucket_seconds, record.value, record.n, record.complete, record.revision)


def time_text(seconds: int) -> str:
    """RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return "".join(
        each if _PLAIN.fullmatch(each) else "".join(f"%{byte:02X}" for byte in each.encode()) for each in text
    )


_Name = Annotated[str, StringConstraints(min_length=1, max_length=KEY_CHARACTERS)]


class _Record(BaseModel):
    model_config = ConfigDict(strict=True)

    dataset: _Name
    name: _Name
    dimensions: dict[_Name, Annotated[str, StringConstraints(max_length=KEY_CHARACTERS)]] = Field(
        default_factory=dict, max_length=20
    )
    bucket_start: AwareDatetime
    bucket_seconds: Annotated[int, Field(ge=1, le=366 * 86_400)]
    value: Annotated[float, Field(allow_inf_nan=False)] | None
    n: Annotated[int, Field(ge=0, lt=1 << 63)]
    complete: bool = True
    revision: Annotated[int, Field(ge=0, lt=1 << 63)] = 0
