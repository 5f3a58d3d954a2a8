"""What was seen of the values at one place of a sample, in bounded memory however long the sample is."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

MOST_DISTINCT: Final = 20
_MOST_NAMES: Final = 200  # more names than that are data, as in {"<user id>": ...}, no fields
_MOST_LEVELS: Final = 32
_LONGEST_VALUE: Final = 200
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
# A quick look, since the checks themselves cost more; they have the last word.
_LIKELY: Final[Mapping[str, Callable[[str], bool]]] = {
    "uuid": lambda text: len(text) == 36,
    "date-time": lambda text: len(text) >= 20 and text[10] in "Tt",
    "date": lambda text: len(text) == 10 and text[4] == "-",
    "ipv4": lambda text: 7 <= len(text) <= 15 and text.count(".") == 3,
    "ipv6": lambda text: len(text) <= 45 and text.count(":") >= 2,
    "email": lambda text: "@" in text and "/" not in text,
    "uri": lambda text: "://" in text,
}
PERSONAL: Final = frozenset({"email", "ipv4", "ipv6"})


class Texts:
    """What was seen of the strings at one place."""

    def __init__(self) -> None:
        self.count = self.empty = self.numeric = self.personal = self.most_bytes = 0
        self.last_new = 0  # how many there were when the latest value came that was not there before
        self.formats: frozenset[str] | None = None  # those that all of them have; None before the first
        self.values: Counter[str] | None = Counter()  # None once there are too many to be an enum

    def add(self, text: str) -> None:
        """Count one string."""
        self.count += 1
        self.empty += not text
        self.most_bytes = max(self.most_bytes, len(text.encode("utf-8", "surrogatepass")))
        self.numeric += _NUMBER.fullmatch(text) is not None
        found = frozenset(name for name, likely in _LIKELY.items() if likely(text) and _format_check(name)(text))
        self.personal += not PERSONAL.isdisjoint(found)
        self.formats = found if self.formats is None else self.formats & found
        if self.values is not None:
            self.last_new = self.last_new if text in self.values else self.count
            self.values[text] += 1
            if len(self.values) > MOST_DISTINCT or len(text) > _LONGEST_VALUE:
                self.values = None

    def merge(self, other: "Texts") -> None:
        """Take over what another place has counted."""
        if not other.count:
            return
        self.last_new = self.count + other.last_new
        for name in ("count", "empty", "numeric", "personal"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.most_bytes = max(self.most_bytes, other.most_bytes)
        self.formats = other.formats if self.formats is None else self.formats & (other.formats or frozenset())
        both = None if self.values is None or other.values is None else self.values + other.values
        self.values = None if both is None or len(both) > MOST_DISTINCT else both


class Column:
    """All values at one place: their types, and what is known of each type."""

    def __init__(self, level: int = 0) -> None:
        self.count = 0
        self.types: Counter[str] = Counter()
        self.texts = Texts()
        self.fields: dict[str, Column] = {}
        self.is_map = False  # then `items` has what is below all names
        self.items: Column | None = None
        self._level = level

    def add(self, value: Any) -> None:
        """Count one value, and all that is in it."""
        self.count += 1
        kind = _kind(value)
        self.types[kind] += 1
        if kind == "string":
            self.texts.add(value)
        elif kind == "array" and self._level < _MOST_LEVELS:
            for each in value:
                self._below().add(each)
        elif kind == "object" and self._level < _MOST_LEVELS:
            self._add_object(value)

    def merge(self, other: "Column") -> None:
        """Take over what another place has counted."""
        self.count += other.count
        self.types += other.types
        self.texts.merge(other.texts)
        if other.items is not None:
            self._below().merge(other.items)
        if other.is_map:
            self._as_map()
        for name, column in other.fields.items():
            self._field(name).merge(column)

    def _add_object(self, value: Mapping[str, Any]) -> None:
        for name, each in value.items():
            self._field(name).add(each)

    def _field(self, name: str) -> "Column":
        if not self.is_map and name not in self.fields and len(self.fields) >= _MOST_NAMES:
            self._as_map()
        if self.is_map:
            return self._below()
        if name not in self.fields:
            self.fields[name] = Column(self._level + 1)
        return self.fields[name]

    def _as_map(self) -> None:
        self.is_map = True
        for each in self.fields.values():
            self._below().merge(each)
        self.fields = {}

    def _below(self) -> "Column":
        if self.items is None:
            self.items = Column(self._level + 1)
        return self.items


_KINDS: Final = {type(None): "null", str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "object")


@cache
def _format_check(name: str) -> Callable[[str], bool]:
    from jsonschema_rs import validator_for  # noqa: PLC0415 what is proposed is what the verdict will check

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "format": name}
    return validator_for(schema, validate_formats=True).is_valid
