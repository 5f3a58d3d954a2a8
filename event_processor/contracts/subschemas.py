"""Where schemas sit inside a JSON Schema, and what a reference in it means: for linting, comparing and annotations."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from event_processor.errors import InvalidContract

Schema = bool | Mapping[str, Any]

_ONE: Final = frozenset({
    "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not",
    "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip
_LIST: Final = frozenset(
    {"allOf", "anyOf", "items", "oneOf", "prefixItems"}
)  # `items` may be a list up to draft 2019-09
_MAP: Final = frozenset({
    "$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"
})  # fmt: skip
_SINCE: Final = {
    "const": 6, "contains": 6, "propertyNames": 6, "if": 7, "then": 7, "else": 7,
    "dependentRequired": 2019, "dependentSchemas": 2019, "maxContains": 2019, "minContains": 2019,
    "unevaluatedItems": 2019, "unevaluatedProperties": 2019, "$recursiveRef": 2019,
    "prefixItems": 2020, "$dynamicRef": 2020,
}  # fmt: skip
_DRAFTS: Final = {"draft-04": 4, "draft-06": 6, "draft-07": 7, "2019-09": 2019}
_MOST_LEVELS: Final = 100


def escaped(part: str | int) -> str:
    """One part of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def subschemas(keyword: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The schemas directly in the value of a keyword, each with where it is below it."""
    if keyword in _ONE and not isinstance(value, list):
        yield "", value
    elif keyword in _LIST and isinstance(value, list):
        yield from ((f"/{place}", each) for place, each in enumerate(value))
    elif keyword in _MAP and isinstance(value, Mapping):
        for name, each in value.items():
            if not isinstance(each, list):  # `dependencies` may list names
                yield f"/{escaped(name)}", each


def walk(document: Schema) -> Iterator[tuple[str, Schema]]:
    """Every schema in a document, itself first, each with the JSON pointer to it. References are not followed."""
    rest: list[tuple[str, Any]] = [("", document)]
    while rest:
        pointer, schema = rest.pop()
        yield pointer, schema
        if isinstance(schema, Mapping):
            below = [
                (f"{pointer}/{escaped(keyword)}{where}", each)
                for keyword, value in schema.items()
                for where, each in subschemas(keyword, value)
            ]
            rest += reversed(below)


class SchemaDocument:
    """A document, its draft, and what its references refer to. Nothing outside the document is ever looked at."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self.draft = _draft(root)
        self._targets = self._named()

    def knows(self, keyword: str) -> bool:
        """Whether the keyword means anything in this draft; validators ignore those that came later."""
        return self.draft >= _SINCE.get(keyword, 0)

    def target(self, reference: str) -> tuple[str, Schema]:
        """Where a `$ref` leads: the pointer and the schema. Raises InvalidContract if that is not in this document."""
        own = self._id(self.root)
        fragment = reference.removeprefix(own) if own else reference
        if fragment in ("", "#"):
            return "", self.root
        if fragment in self._targets:
            return self._targets[fragment]
        if not fragment.startswith("#/"):
            raise InvalidContract(f"$ref {reference!r} leads out of the document")
        return unquote(fragment[1:]), self._at(reference, unquote(fragment[2:]).split("/"))

    def check_references(self) -> None:
        """Raises InvalidContract for a reference that leads out of the document, to nothing, or back to itself."""
        done: set[int] = set()
        for pointer, schema in walk(self.root):
            self._follow(pointer, schema, done, [])

    def _follow(self, pointer: str, schema: Schema, done: set[int], way: list[int]) -> None:
        if isinstance(schema, bool) or id(schema) in done:
            return
        if id(schema) in way:
            raise InvalidContract(f"the schema at {pointer or '/'} contains itself: a cyclic $ref")
        if len(way) > _MOST_LEVELS:
            raise InvalidContract(f"the schema at {pointer or '/'} is nested more than {_MOST_LEVELS} levels deep")
        way.append(id(schema))
        for keyword, value in schema.items():
            if keyword in ("$defs", "definitions"):
                continue
            for where, each in subschemas(keyword, value):
                self._follow(f"{pointer}/{escaped(keyword)}{where}", each, done, way)
            if keyword == "$ref" and isinstance(value, str):
                self._follow(*self.target(value), done, way)
        way.pop()
        done.add(id(schema))

    def _at(self, reference: str, parts: list[str]) -> Schema:
        at: Any = self.root
        for part in (each.replace("~1", "/").replace("~0", "~") for each in parts):
            if isinstance(at, Mapping) and part in at:
                at = at[part]
            elif isinstance(at, list) and part.isdecimal() and int(part) < len(at):
                at = at[int(part)]
            else:
                raise InvalidContract(f"$ref {reference!r} leads to nothing")
        if not isinstance(at, bool | Mapping):
            raise InvalidContract(f"$ref {reference!r} does not lead to a schema")
        return at

    def _id(self, schema: Schema) -> str:
        found = schema.get("id" if self.draft == 4 else "$id") if isinstance(schema, Mapping) else None
        return found.removesuffix("#") if isinstance(found, str) else ""

    def _named(self) -> dict[str, tuple[str, Schema]]:
        named: dict[str, tuple[str, Schema]] = {}
        for pointer, schema in walk(self.root):
            if not isinstance(schema, Mapping):
                continue
            anchor, own = schema.get("$anchor"), self._id(schema)
            if isinstance(anchor, str) and self.draft >= 2019:
                named[f"#{anchor}"] = pointer, schema
            if own.startswith("#"):
                named[own] = pointer, schema
            elif own and pointer:
                raise InvalidContract(f"the schema at {pointer} has an $id of its own: one contract is one document")
        return named


def _draft(root: Schema) -> int:
    named = str(root.get("$schema", "")) if isinstance(root, Mapping) else ""
    return next((number for name, number in _DRAFTS.items() if name in named), 2020)
