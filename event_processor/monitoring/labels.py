"""What people know of values: labels, in sets of which each version is immutable. Pure.

A set holds all labels that count. Whoever adds one makes the next version of the set, so that a model can name the
labels it was trained on. What is labelled, as whatever, is no example of how a series normally is: it is left out of
its baseline.
"""

import csv
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Annotated, Final

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from event_processor.metrics.metric import time_text

MOST_LABELS: Final = 100_000
_LONGEST: Final = 500
_LAST: Final = 253_402_300_799  # the end of the year 9999


class LabelState(StrEnum):
    """What values are."""

    ANOMALY = "anomaly"  # wrong, and people want to hear of the like
    EXPECTED = "expected"  # unusual and right: nobody wants to hear of it
    MAINTENANCE = "maintenance"  # whatever they are, somebody is at work
    UNKNOWN = "unknown"  # takes back what was said before


TOLD_NOTHING: Final = frozenset({LabelState.EXPECTED, LabelState.MAINTENANCE})


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody says of the buckets that begin from `start` to before `end`: seconds since 1970, UTC.

    `series` is the key of one, or has `*` for any text.
    """

    series: str
    start: int
    end: int
    state: LabelState
    author: str
    note: str
    created_at: int

    def is_of(self, key: str) -> bool:
        """Whether it says something of the series."""
        return matches(self.series, key)


class LabelSet:
    """All labels that count, as of one version. Asked again and again for the same series it is quick."""

    def __init__(self, version: int = 0, labels: Iterable[Label] = ()) -> None:
        self.version, self.labels = version, tuple(labels)
        self.excluded: Callable[[str], Callable[[int], bool]] = cache(self._excluded)
        """By the key of a series: whether the bucket that begins then is labelled, and left out of the baseline."""

    def state_at(self, key: str, bucket_start: int) -> LabelState | None:
        """What the newest label says of a bucket."""
        for label in reversed(self.labels):
            if label.start <= bucket_start < label.end and label.is_of(key):
                return label.state
        return None

    def of(self, key: str) -> tuple[Label, ...]:
        """Those of one series, the oldest first."""
        return tuple(label for label in self.labels if label.is_of(key))

    def with_(self, labels: Iterable[Label]) -> "LabelSet":
        """The next version. A label takes the place of those of the same series that lie within its time."""
        kept = dict(enumerate(self.labels))
        of: dict[str, list[int]] = defaultdict(list)
        for number, old in kept.items():
            of[old.series].append(number)
        for number, new in enumerate(labels, len(kept)):
            for other in of[new.series]:
                if other in kept and new.start <= kept[other].start and kept[other].end <= new.end:
                    del kept[other]
            if new.state is not LabelState.UNKNOWN:
                kept[number] = new
                of[new.series].append(number)
        return LabelSet(self.version + 1, list(kept.values())[-MOST_LABELS:])

    def to_json(self) -> bytes:
        """As it is stored."""
        rows = [
            {
                "series": label.series,
                "start": time_text(label.start),
                "end": time_text(label.end),
                "state": label.state,
                "author": label.author,
                "note": label.note,
                "created_at": time_text(label.created_at),
            }
            for label in self.labels
        ]
        return orjson.dumps({"labels": rows}, option=orjson.OPT_INDENT_2) + b"\n"

    @classmethod
    def from_json(cls, version: int, content: bytes) -> "LabelSet":
        """A version that was stored; number 0 has no content. Raises ValueError for what is none."""
        if not version:
            return cls()
        return cls(version, (row.label() for row in _SET.validate_json(content).labels))

    def _excluded(self, key: str) -> Callable[[int], bool]:
        spans = sorted((label.start, label.end) for label in self.labels if label.is_of(key))
        if not spans:
            return _never
        merged = [spans[0]]
        for start, end in spans[1:]:
            last_start, last_end = merged[-1]
            if start <= last_end:
                merged[-1] = last_start, max(last_end, end)
            else:
                merged.append((start, end))
        starts = [start for start, _ in merged]

        def is_labelled(bucket_start: int) -> bool:
            place = bisect_right(starts, bucket_start) - 1
            return place >= 0 and bucket_start < merged[place][1]

        return is_labelled


def matches(pattern: str, key: str) -> bool:
    """Whether the key is that text, where `*` stands for any."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == key
    if not key.startswith(first):
        return False
    place = len(first)
    for part in rest[:-1]:
        place = key.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return key.endswith(rest[-1]) and len(key) - len(rest[-1]) >= place


def read_csv(text: str, author: str, created_at: int) -> list[Label]:
    """The labels of a table with the columns series, start, end and state, and perhaps author and note.

    Times are RFC 3339. Raises ValueError, which names the line.
    """
    rows = csv.DictReader(text.splitlines())
    labels = []
    for row in rows:
        named = {name: value for name, value in row.items() if value and name in _Row.model_fields}
        try:
            label = _Row.model_validate_strings(
                {"author": author, "created_at": time_text(created_at), **named}, strict=True
            ).label()
        except ValidationError as error:
            raise ValueError(f"line {rows.line_num}: {_said(error)}") from None
        labels.append(replace(label, created_at=created_at))
    return labels


def label_of(series: str, start: int, end: int, state: LabelState, author: str, note: str, created_at: int) -> Label:
    """A label that can be stored and read again. Raises ValueError, which names what cannot."""
    try:
        return _Row(
            series=series, start=start, end=end, state=state, author=author, note=note, created_at=created_at
        ).label()
    except ValidationError as error:
        raise ValueError(_said(error)) from None


def _said(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return ": ".join([*map(str, first["loc"]), first["msg"]])


_Text = Annotated[str, Field(max_length=_LONGEST)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    series: Annotated[str, Field(min_length=1, max_length=_LONGEST)]
    start: AwareDatetime
    end: AwareDatetime
    state: LabelState
    author: _Text = ""
    note: _Text = ""
    created_at: AwareDatetime

    @model_validator(mode="after")
    def _has_a_time(self) -> "_Row":
        if self.start.timestamp() < 0 or self.end.timestamp() > _LAST:
            raise ValueError("times are from 1970 to 9999")
        if self.start >= self.end:
            raise ValueError("end must be after start")
        return self

    def label(self) -> Label:
        """As it is worked with."""
        start, end, created_at = (int(each.timestamp()) for each in (self.start, self.end, self.created_at))
        return Label(self.series, start, end, self.state, self.author, self.note, created_at)


class _Set(BaseModel):
    labels: Annotated[list[_Row], Field(max_length=MOST_LABELS)]


_SET: Final = TypeAdapter(_Set)


def _never(bucket_start: int) -> bool:  # noqa: ARG001 - of no bucket
    return False
