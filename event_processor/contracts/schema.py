"""The parts of a JSON Schema, references followed: what its annotations say of which place in a record."""

import sys
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from event_processor.json_document import escaped, steps_of

ANY: Final = None  # a step to a place without a name of its own: a list's item, a property of whatever name

_HERE: Final = ("not", "if", "then", "else", "propertyNames")
_HERE_LISTS: Final = ("allOf", "anyOf", "oneOf")
_BELOW: Final = (
    "additionalProperties", "unevaluatedProperties", "additionalItems", "unevaluatedItems", "contains", "items",
)  # fmt: skip


class Child(NamedTuple):
    """A schema in a schema: where it stands there (JSON pointer), and the step from a record's place to its own.

    No steps: it is about the same place. One step: a property's name, or ANY.
    """

    pointer: str
    schema: Any
    steps: tuple[str | None, ...]


def children(schema: Any, pointer: str) -> Iterator[Child]:
    """The schemas that stand in this one, without those it refers to."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        at = f"{pointer}/{escaped(keyword)}"
        if keyword in _HERE:
            yield Child(at, value, ())
        elif keyword in _BELOW and not isinstance(value, list):
            yield Child(at, value, (ANY,))
        elif keyword in _HERE_LISTS or keyword in {"items", "prefixItems"}:
            steps = () if keyword in _HERE_LISTS else (ANY,)
            listed = value if isinstance(value, list) else []
            yield from (Child(f"{at}/{index}", each, steps) for index, each in enumerate(listed))
        else:
            yield from _named(keyword, value, at)


def _named(keyword: str, value: Any, at: str) -> Iterator[Child]:
    if keyword not in {"properties", "patternProperties", "dependentSchemas", "dependencies"} or not isinstance(
        value, dict
    ):
        return
    for name, each in value.items():
        if isinstance(each, list):
            continue  # a dependency on names
        steps = {"properties": (name,), "patternProperties": (ANY,)}.get(keyword, ())
        yield Child(f"{at}/{escaped(name)}", each, steps)


def pointer_of(reference: str) -> str:
    """The JSON pointer that `#/…` is, percent-encoded in a URI (RFC 6901, section 6). Raises ValueError."""
    return unquote(reference.removeprefix("#"), errors="strict")


def referred(document: Any, pointer: str) -> Any:
    """What stands there in a document. Raises LookupError, ValueError or TypeError if nothing does."""
    found = document
    for step in steps_of(pointer):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


class Weight(NamedTuple):
    """How many schemas say something of a place, how many fields they ask for, and whether names of fields matter."""

    schemas: int
    required: int
    names_are_checked: bool

    def microseconds(self, values: int) -> float:
        """What it may take to list all faults of so many values: each fault brings a copy of what it is about."""
        names = 0.3 * values if self.names_are_checked else 0
        return values * (8 * self.schemas + 0.3 * self.required + names)


class Places:
    """Places in records that a contract knows by name, and which of them are `x-pii`; what lies within is so, too."""

    __slots__ = ("below", "is_pii", "weight")  # a thousand contracts have a hundred thousand places

    def __init__(self) -> None:
        self.is_pii = False
        self.weight = Weight(0, 0, False)
        self.below: dict[str | None, Places] = {}

    @classmethod
    def of(cls, document: Any) -> "Places":
        """The places of a document whose references end (see `acceptance`)."""
        root = cls()
        root.add(document, document, set())
        root._share({})
        return root

    def add(self, schema: Any, document: Any, seen: set[tuple[int, int]]) -> None:
        """Adds what a schema about this place says of it and of those below."""
        if not isinstance(schema, dict) or (id(schema), id(self)) in seen:
            return
        seen.add((id(schema), id(self)))
        self.is_pii = self.is_pii or schema.get("x-pii") is True
        required = len(schema.get("required", ())) + sum(map(len, schema.get("dependentRequired", {}).values()))
        schemas, fields, names_are_checked = self.weight
        self.weight = Weight(schemas + 1, fields + required, names_are_checked or "propertyNames" in schema)
        if isinstance(reference := schema.get("$ref"), str):
            self.add(referred(document, pointer_of(reference)), document, seen)
        for _, child, steps in children(schema, ""):
            place = self._child(steps[0]) if steps else self
            place.add(child, document, seen)

    def _child(self, step: str | None) -> "Places":
        return self.below.setdefault(step and sys.intern(step), Places())

    def _share(self, weights: dict[Weight, Weight]) -> None:
        """Keep what is equal once: most places have few weights, and nothing below them."""
        self.weight = weights.setdefault(self.weight, self.weight)
        self.below = self.below or _NOTHING
        for place in self.below.values():
            place._share(weights)  # noqa: SLF001

    def along(self, path: list[str | int]) -> "Trail":
        """What is known of the place at the end of a path."""
        trail = Trail((self,), self.is_pii)
        for step in path:
            trail = trail.step(step)
        return trail

    @property
    def heaviest(self) -> "Weight":
        """The most that is said of any place from here on."""
        weights = [self.weight, *(place.heaviest for place in self.below.values())]
        return Weight(*map(max, zip(*weights, strict=True)))


_NOTHING: Final[dict[str | None, Places]] = {}


class Trail(NamedTuple):
    """Where a path has come to: several places, as a property may have a name and match a pattern as well."""

    places: tuple[Places, ...]
    is_pii: bool

    def step(self, step: str | int) -> "Trail":
        """The trail one step further."""
        keys = (step, ANY) if isinstance(step, str) else (ANY,)
        places = tuple(place.below[key] for place in self.places for key in keys if key in place.below)
        return Trail(places, self.is_pii or any(place.is_pii for place in places))

    def knows(self, name: str) -> bool:
        """Whether a contract itself has this name for a property here."""
        return any(name in place.below for place in self.places)
