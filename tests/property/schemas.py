"""Random schemas, and values that are near enough to them to be valid in part."""

from random import Random
from typing import Any, Final

NAMES: Final = ("a", "b", "c-d", "e.f")
TEXTS: Final = ("", "a", "ab", "abc", "\u00e4\u00f6", "2026-01-02", "1.2.3.4", "not-an-address", "x@example.com")
SCALARS: Final = (None, True, False, 0, 1, 2, 5, -1, 1.5, 2.0, *TEXTS)
FORMATS: Final = ("ipv4", "date")
TYPES: Final = ("null", "boolean", "integer", "number", "string", "object", "array")


def value(random: Random, depth: int = 3) -> Any:
    """Any JSON."""
    kind = random.randrange(4) if depth else 0
    if kind == 1:
        return {name: value(random, depth - 1) for name in NAMES if random.random() < 0.6}
    if kind == 2:
        return [value(random, depth - 1) for _ in range(random.randrange(4))]
    return random.choice(SCALARS)


def schema(random: Random, depth: int = 3) -> Any:
    """A schema of a few keywords, alternatives and conditions included."""
    if random.random() < 0.06:
        return random.choice((True, {"not": {}}))  # of `false` jsonschema says the place above
    made: dict[str, Any] = {}
    for _ in range(random.randrange(1, 4)):
        made |= _keyword(random, depth)
    if "additionalProperties" in made:  # whether what it refuses is evaluated is for an implementation to say
        made.pop("unevaluatedProperties", None)
    return made


def _keyword(random: Random, depth: int) -> dict[str, Any]:
    simple = _simple(random)
    if depth == 0 or random.random() < 0.45:
        return simple
    below = [schema(random, depth - 1) for _ in range(3)]
    names = dict(zip(random.sample(NAMES, 3), below, strict=True))
    return random.choice(
        (
            {"properties": names},
            {"properties": names, "additionalProperties": random.choice((False, below[0]))},
            {"patternProperties": {"^[a-c]": below[0]}, "additionalProperties": below[1]},
            {"properties": names, "unevaluatedProperties": False},
            {"propertyNames": {"maxLength": 1}},
            {"dependentSchemas": {"a": below[0]}},
            {"dependentRequired": {"a": ["b", "c-d"]}},
            {"items": below[0]},
            {"prefixItems": below[:2], "items": below[2]},
            {"contains": below[0], "minContains": random.randrange(3)},
            {"allOf": below[:2]},
            {"anyOf": below[:2]},
            {"oneOf": below},
            {"not": below[0]},
            {"if": below[0], "then": below[1], "else": below[2]},
        )
    )


def _simple(random: Random) -> dict[str, Any]:
    return random.choice(
        (
            {"type": random.choice(TYPES)},
            {"type": random.sample(TYPES, 3)},
            {"type": "object"},
            {"enum": random.sample(SCALARS, 4)},
            {"const": random.choice(SCALARS)},
            {"required": random.sample(NAMES, 2)},
            {"minLength": 2},
            {"maxLength": 1},
            {"pattern": "^a"},
            {"format": random.choice(FORMATS)},
            {"minimum": 1},
            {"exclusiveMaximum": 2},
            {"multipleOf": 2},
            {"minItems": 1},
            {"maxItems": 1},
            {"uniqueItems": True},
            {"minProperties": 1},
            {"maxProperties": 2},
        )
    )
