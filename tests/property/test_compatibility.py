"""No change is called compatible that is not: schemas changed at random, and jsonschema-rs has the last word."""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest

from event_processor.contracts.changes import Effect, Step
from event_processor.contracts.compatibility import differences
from event_processor.contracts.compiling import DRAFTS as URIS
from event_processor.contracts.contract import Contract
from event_processor.contracts.schema import children
from event_processor.errors import InvalidContract
from tests.lengths import examples

DRAFTS = dict(zip((4, 6, 7, 2019, 2020), URIS, strict=True))
NAMES = ["a", "b", "x1", "x2"]
LEAVES = [None, True, False, 0, 1, 2, 3.0, 4.5, "", "a", "b", "aa", "10.0.0.1", "é"]
THEMES: list[set[str]] = [
    set(),  # all
    {
        "type",
        "properties",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "allOf",
        "dependencies",
    },
    {
        "required",
        "propertyNames",
        "minProperties",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "properties",
    },
    {
        "items",
        "prefixItems",
        "additionalItems",
        "contains",
        "minContains",
        "maxContains",
        "unevaluatedItems",
        "maxItems",
    },
    {"type", "enum", "const", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "maxLength"},
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "type", "minLength", "enum"},
]
TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]


class Maker:
    """Schemas of one draft, and values that they may well accept."""

    def __init__(self, draft: int, seed: int) -> None:
        self.draft, self.random = draft, random.Random(seed)
        pick, some = self.random.choice, self._some
        count: Callable[[int], Any] = lambda _: self.random.randrange(4)  # noqa: E731
        self.keywords: dict[str, Callable[[int], Any]] = {
            "type": lambda _: pick([pick(TYPES), some(TYPES)]),
            "enum": lambda _: some(LEAVES),
            "minimum": count, "maximum": count, "minLength": count, "maxLength": count, "minItems": count,
            "maxItems": count, "minProperties": count, "maxProperties": count,
            "multipleOf": lambda _: pick([1, 2, 4, 0.5]),
            "pattern": lambda _: pick(["a", "^a", "^.$"]),
            "format": lambda _: pick(["ipv4", "email"]),
            "uniqueItems": lambda _: pick([True, False]),
            "required": lambda _: some(NAMES),
            "properties": lambda deep: {name: self.schema(deep) for name in some(NAMES)},
            "patternProperties": lambda deep: {name: self.schema(deep) for name in some(["^x", "1$", "a"])},
            "additionalProperties": self.schema, "items": self.schema, "not": self.schema,
            "dependencies": lambda deep: {pick(NAMES): pick([some(NAMES), self.schema(deep)])},
            "allOf": self._several, "anyOf": self._several, "oneOf": self._several,
            "title": lambda _: pick(["t", "u"]),
            "$ref": lambda _: "#/definitions/d",
        }  # fmt: skip
        self.keywords["properties2"] = self.keywords["properties"]
        self.keywords |= {  # those of later drafts, too: validators ignore them
            "contains": self.schema, "propertyNames": self.schema, "const": lambda _: pick(LEAVES),
            "if": self.schema, "then": self.schema, "else": self.schema,
            "prefixItems": self._several, "minContains": count, "maxContains": count,
            "unevaluatedProperties": self.schema, "unevaluatedItems": self.schema,
            "dependentRequired": lambda _: {pick(NAMES): some(NAMES)},
            "dependentSchemas": lambda deep: {pick(NAMES): self.schema(deep)},
        }  # fmt: skip
        limit = count if draft >= 6 else lambda _: pick([True, False])
        self.keywords |= {"exclusiveMinimum": limit, "exclusiveMaximum": limit}
        if draft < 2020:
            self.keywords |= {"items": self._one_or_several, "additionalItems": self.schema}
        self.theme = THEMES[seed % len(THEMES)]
        self.keywords = {
            name: make for name, make in self.keywords.items() if name.rstrip("2") in self.theme
        } or self.keywords

    def schema(self, deep: int) -> Any:
        """One that is shallower than `deep`."""
        if deep == 0 or self.random.random() < 0.15:
            plain = [{"type": self.random.choice(TYPES)}, {}, {"minLength": 1}, {"enum": ["a", 1]}]
            return self.random.choice(plain + ([True, False] if self.draft >= 6 else []))
        return {keyword.rstrip("2"): self.keywords[keyword](deep - 1) for keyword in self._few()}

    def document(self) -> dict[str, Any]:
        """A whole one, with a definition to refer to that refers to none."""
        whole = {keyword.rstrip("2"): self.keywords[keyword](2) for keyword in self._few()}
        definition = {"type": self.random.choice(TYPES), "maxLength": 1}
        return whole | {"$schema": DRAFTS[self.draft], "definitions": {"d": definition}}

    def changed(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with one to three keywords added, taken away or given another value."""
        changed = copy.deepcopy(document)
        for _ in range(self.random.randrange(1, 4)):
            places = list(within(changed))
            place = self.random.choice(places)
            keyword = self.random.choice(list(self.keywords))
            in_it = [each for each in place if each not in ("$schema", "definitions")]
            if in_it and self.random.random() < 0.5:
                del place[self.random.choice(in_it)]
            elif place is not changed["definitions"]["d"] or keyword != "$ref":
                place[keyword.rstrip("2")] = self.keywords[keyword](1)
        return changed

    def value(self, deep: int = 2) -> Any:
        """Anything, small enough to be met again."""
        kind = self.random.random()
        if deep == 2 and "properties" in self.theme:
            kind = 1.0
        elif deep == 2 and "items" in self.theme:
            kind = 0.4
        if deep == 0 or kind < 0.3:
            return self.random.choice(LEAVES)
        if kind < 0.5:
            return [self.value(deep - 1) for _ in range(self.random.randrange(4))]
        return {name: self.value(deep - 1) for name in NAMES if self.random.random() < 0.5}

    def _some(self, among: list[Any]) -> list[Any]:
        return self.random.sample(among, self.random.randrange(1, min(5, len(among) + 1)))

    def _one_or_several(self, deep: int) -> Any:
        return self.random.choice([self.schema, self._several])(deep)

    def _several(self, deep: int) -> list[Any]:
        return [self.schema(deep) for _ in range(self.random.randrange(1, 4))]

    def _few(self) -> list[str]:
        return self.random.sample(list(self.keywords), self.random.randrange(1, 5))


def within(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema in a schema that has keywords, the definitions but for their own."""
    if isinstance(schema, dict):
        yield schema
        for child in children(schema, ""):
            yield from within(child.schema)


def validator(document: dict[str, Any]) -> jsonschema_rs.Validator | None:
    """Its validator; None for what no contract may be, such as a definition that refers to itself."""
    try:
        return Contract.compile({"x-subject": "a", "x-version": "1-0-0", **document}).validator
    except InvalidContract:
        return None


def judge_compatible(draft: int, pairs: int) -> tuple[int, int]:
    """How many of so many pairs are called compatible, and how many values passed the old one and so the new one."""
    compatible = accepted = 0
    for seed in range(pairs):
        maker = Maker(draft, seed)
        old = maker.document()
        new = maker.changed(old)
        was, now = validator(old), validator(new)
        if was is None or now is None:
            continue
        changes = differences(old, new)
        if any(each.step is Step.MODEL or each.effect is Effect.NAMED for each in changes):
            continue
        compatible += any(each.effect is not Effect.NONE for each in changes)
        for value in (maker.value() for _ in range(50)):
            if was.is_valid(value):
                accepted += 1
                assert now.is_valid(value), (seed, old, new, value, [str(each) for each in changes])
    return compatible, accepted


@pytest.mark.parametrize("draft", DRAFTS)
@examples(80, 2000)
def test_what_is_called_compatible_accepts_all_that_was_accepted(draft: int, examples: int) -> None:
    """An ADDITION never rejects what passed before, nor does a REVISION but for fields that were not named before."""
    compatible, accepted = judge_compatible(draft, examples)

    assert compatible > examples / 20
    assert accepted > 2 * examples
