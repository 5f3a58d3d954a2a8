"""Streams, and how a record of one says what it is about."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, Self
from urllib.parse import quote

from event_processor.json_document import steps_of
from event_processor.verdict import Fault, Reason

SUBJECT_WORDS: Final = "1 to 200 printable characters, the first no dot, and at most 255 when percent-encoded"
TEMPLATE_WORDS: Final = "a name, or a template such as {type}/{event|name}"
_SUBJECT_CHARACTERS: Final = 200
_ENCODED_CHARACTERS: Final = 255  # the longest name of a folder
_PART: Final = re.compile(r"([^{}|]*)(?:\{([^{}|]+(?:\|[^{}|]+)*)\}([^{}|]*))?")


def is_subject(text: str) -> bool:
    """Whether this can be a subject: SUBJECT_WORDS says what can."""
    return 0 < len(text) <= _SUBJECT_CHARACTERS and _is_name(text)


@lru_cache(maxsize=4096)  # it is asked three times a record, for the same few names
def _is_name(text: str) -> bool:
    return text.isprintable() and text[0] != "." and len(quote(text, safe="")) <= _ENCODED_CHARACTERS


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between two slashes of a template: text, and the fields of which the first that is there counts."""

    before: str
    fields: tuple[str, ...]
    after: str

    def of(self, record: Mapping[str, Any]) -> str | Fault | None:
        """Its text for a record, None if the record has none of the fields."""
        if not self.fields:
            return self.before
        for field in self.fields:
            value = record.get(field)
            if value is None:
                continue
            if isinstance(value, str) and is_subject(value):
                return f"{self.before}{value}{self.after}"
            return _no_name(value, f"/{field}")
        return None

    @property
    def missing(self) -> Fault:
        """What is wrong with a record that has none of the fields, but must have one."""
        words = " or ".join(self.fields)
        return Fault(Reason.MISSING_FIELD, f"/{self.fields[0]}", f"there is no {words}", words)


@dataclass(frozen=True, slots=True)
class Template:
    """A name with parts taken from each record: `{type}/{event|name}`.

    The first of the alternatives that a record has counts; null is as good as absent. Parts at the end fall away where
    a record has nothing for them, so that `identify` is a name, too.
    """

    text: str
    parts: tuple[Part, ...]
    is_fixed: bool
    """Whether it is the same name for every record."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, with TEMPLATE_WORDS, for what is not a template."""
        if not is_subject(text):
            raise ValueError(TEMPLATE_WORDS)
        parts = tuple(map(_part, text.split("/")))
        return cls(text, parts, is_fixed=not any(part.fields for part in parts))

    def fill(self, record: Mapping[str, Any]) -> str | Fault:
        """The name that a record has, or why it has none."""
        if self.is_fixed:
            return self.text
        texts: list[str] = []
        absent: Part | None = None
        taken = False
        for part in self.parts:
            text = part.of(record)
            if isinstance(text, Fault):
                return text
            if text is None:
                absent = absent or part
            elif absent:
                return absent.missing
            else:
                texts.append(text)
                taken = taken or bool(part.fields)
        if absent and not taken:
            return absent.missing
        name = "/".join(texts)
        return name if is_subject(name) else _no_name(name, "")


@dataclass(frozen=True, slots=True)
class Stream:
    """What streams.yaml says of one stream.

    `at` is a JSON pointer to the part of a record that its contract is about, empty for all of it. `id` and
    `partition_key` name fields of the record. `rejects` says what a door does with what it refuses. `dimension` is the
    column whose values delivery counts apart; `metrics` are names and questions to the warehouse (docs/metrics.md).
    """

    name: str
    contract: Template
    at: str = ""
    id: str | None = None
    partition_key: str | None = None
    table: Template | None = None
    rejects: Literal["store", "count"] = "store"
    dimension: str | None = None
    metrics: tuple[tuple[str, str], ...] = ()

    @property
    def steps(self) -> list[str]:
        """The way to the part that the contract is about."""
        return steps_of(self.at)


def _part(text: str) -> Part:
    found = _PART.fullmatch(text)
    if found is None:
        raise ValueError(TEMPLATE_WORDS)
    before, fields, after = found.groups("")
    return Part(before, tuple(fields.split("|")) if fields else (), after)


def _no_name(value: Any, pointer: str) -> Fault:
    if value == "":
        return Fault(Reason.EMPTY, pointer, "an empty text names nothing", "a text that is not empty")
    if isinstance(value, str):
        return Fault(Reason.FORMAT, pointer, "this text can be no part of a subject", SUBJECT_WORDS)
    return Fault(Reason.WRONG_TYPE, pointer, "what names the subject is not text", "a text")
