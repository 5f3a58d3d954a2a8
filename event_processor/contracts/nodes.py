"""Schemas in one common form, whatever draft they are written in, so that two of them can be compared."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from event_processor.contracts.compiling import DRAFTS
from event_processor.contracts.schema import children, pointer_of, referred
from event_processor.json_document import escaped

Schema = bool | Mapping[str, Any]
TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
ANNOTATION_OF_PLACE: Final = frozenset({
    "$anchor", "$comment", "$defs", "$id", "$schema", "$vocabulary", "definitions", "id", "x-version",
})  # fmt: skip
IN_PLACE: Final = frozenset({"allOf", "anyOf", "dependentSchemas", "if", "not", "oneOf"})
ASSERTIONS: Final = IN_PLACE | {
    "additionalProperties", "const", "contains", "contentEncoding", "contentMediaType", "dependentRequired", "else",
    "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxContains", "maxItems", "maxLength",
    "maxProperties",
    "maximum", "minContains", "minItems", "minLength", "minProperties", "minimum", "multipleOf", "pattern",
    "patternProperties", "prefixItems", "properties", "propertyNames", "required", "then", "type", "unevaluatedItems",
    "unevaluatedProperties", "uniqueItems", "x-max-bytes",
}  # fmt: skip
_DRAFTS: Final = dict(zip(DRAFTS, (4, 6, 7, 2019, 2020), strict=True))
_SINCE: Final = {
    "const": 6, "contains": 6, "propertyNames": 6, "if": 7, "then": 7, "else": 7,
    "dependentRequired": 2019, "dependentSchemas": 2019, "maxContains": 2019, "minContains": 2019,
    "unevaluatedItems": 2019, "unevaluatedProperties": 2019, "prefixItems": 2020,
}  # fmt: skip
_EVERYTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Node:
    """One schema: its keywords in the form of draft 2020-12, or None if it accepts nothing."""

    pointer: str
    keywords: Mapping[str, Any] | None
    spelled: Mapping[str, str]

    def at(self, keyword: str, *below: str) -> str:
        """The pointer to a keyword as this document spells it."""
        return "/".join((self.pointer, self.spelled.get(keyword, escaped(keyword)), *map(escaped, below)))

    @property
    def types(self) -> frozenset[str]:
        """The types of value it may accept; `number` here means those that are not integers."""
        found = declared_types(self)
        for values in allowed_values(self):
            found &= frozenset(name for value in values for name in _types_of(value))
        return found


def declared_types(node: Node) -> frozenset[str]:
    """The types that `type` names, an integer being a number."""
    named = (node.keywords or {}).get("type", TYPES)
    names = {named} if isinstance(named, str) else set(named)
    return frozenset(names | {"integer"} if "number" in names else names)


def allowed_values(node: Node) -> Iterator[list[Any]]:
    """The values that `enum` allows, then the one that `const` does."""
    keywords = node.keywords or {}
    if "enum" in keywords:
        yield keywords["enum"]
    if "const" in keywords:
        yield [keywords["const"]]


def same(value: Any) -> str:
    """A text, equal for values that JSON Schema holds to be equal: 1 is 1.0, but not true; keys have no order."""
    return json.dumps(_with_whole_numbers(value), sort_keys=True)


class Nodes:
    """The nodes of one document, whose references end and stay within it (see `acceptance`)."""

    def __init__(self, root: Schema, known: dict[Any, int]) -> None:
        self._document = root
        self._nodes: dict[tuple[str, int], Node] = {}
        self._prints: dict[int, int] = {}
        self._known = known  # shared by the two that are compared, so that prints can be, too
        self.draft = _DRAFTS.get(root.get("$schema", ""), 2020) if isinstance(root, Mapping) else 2020
        self.root = self.node("", root)

    def node(self, pointer: str, schema: Schema) -> Node:
        """The schema in the common form, references followed."""
        if isinstance(schema, bool):
            return Node(pointer, _EVERYTHING if schema else None, {})
        key = pointer, id(schema)
        if key not in self._nodes:
            self._nodes[key] = self._made(pointer, schema)
        return self._nodes[key]

    def below(self, node: Node, keyword: str, *where: str) -> Node:
        """The schema that a keyword has, or one of those it has; one that accepts everything if there is none."""
        at: Any = (node.keywords or {}).get(keyword, {} if where else True)
        for part in where:
            at = at[int(part)] if isinstance(at, list) else at.get(part, True)
        return self.node(node.at(keyword, *where), at)

    def print_of(self, node: Node) -> int:
        """Equal for two schemas that accept the same because they say the same; annotations are not part of it."""
        if node.keywords is None:
            return -1
        if id(node.keywords) not in self._prints:
            parts = tuple(
                (keyword, self._print_of_value(node, keyword, value))
                for keyword, value in sorted(node.keywords.items())
                if keyword in ASSERTIONS
            )
            self._prints[id(node.keywords)] = self._known.setdefault(parts, len(self._known))
        return self._prints[id(node.keywords)]

    def print_of_keyword(self, node: Node, keyword: str) -> Any:
        """The same for one keyword; None if it is not there."""
        keywords = node.keywords or {}
        return self._print_of_value(node, keyword, keywords[keyword]) if keyword in keywords else None

    def accepts_all(self, node: Node) -> bool:
        """Whether the schema asserts nothing at all."""
        return node.keywords is not None and not ASSERTIONS & node.keywords.keys()

    def _print_of_value(self, node: Node, keyword: str, value: Any) -> Any:
        if found := list(children({keyword: value}, node.pointer)):
            return tuple(sorted((each.pointer, self.print_of(self.node(each.pointer, each.schema))) for each in found))
        return same(value)

    def _made(self, pointer: str, schema: Mapping[str, Any]) -> Node:
        known = {keyword: value for keyword, value in schema.items() if self.draft >= _SINCE.get(keyword, 0)}
        reference = known.pop("$ref", None)
        if isinstance(reference, str):
            if self.draft <= 7 or not ASSERTIONS & known.keys():
                target = pointer_of(reference)
                return self.node(target, referred(self._document, target))
            known["allOf"] = [*known.get("allOf", ()), {"$ref": reference}]
        spelled: dict[str, str] = {}
        for simplify in _SIMPLER:
            simplify(known, spelled)
        return Node(pointer, known, spelled)


def _types_of(value: Any) -> tuple[str, ...]:
    if value is None or isinstance(value, bool):
        return ("null",) if value is None else ("boolean",)
    if isinstance(value, int):
        return ("integer",)
    if isinstance(value, float):
        return ("integer", "number") if value == int(value) else ("number",)
    return ("string",) if isinstance(value, str) else ("array",) if isinstance(value, list) else ("object",)


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_with_whole_numbers(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _with_whole_numbers(each) for name, each in value.items()}
    return value


def _items_as_prefix(known: dict[str, Any], spelled: dict[str, str]) -> None:
    rest = known.pop("additionalItems", True)
    if isinstance(known.get("items"), list):
        known["prefixItems"], known["items"] = known["items"], rest
        spelled |= {"prefixItems": "items", "items": "additionalItems"}


def _dependencies_apart(known: dict[str, Any], spelled: dict[str, str]) -> None:
    both = known.pop("dependencies", {})
    for keyword, wanted in (("dependentRequired", True), ("dependentSchemas", False)):
        found = {name: value for name, value in both.items() if isinstance(value, list) == wanted}
        if found and keyword not in known:
            known[keyword] = found
            spelled[keyword] = "dependencies"
        elif found:
            known["allOf"] = [*known.get("allOf", ()), {keyword: found}]


def _exclusive_limits(known: dict[str, Any], spelled: dict[str, str]) -> None:
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(known.get(exclusive), bool) and known.pop(exclusive) and limit in known:
            known[exclusive] = known.pop(limit)
            spelled[exclusive] = limit


def _what_means_nothing(known: dict[str, Any], _spelled: dict[str, str]) -> None:
    for needed, dependent in (("if", ("then", "else")), ("contains", ("minContains", "maxContains"))):
        if needed not in known:
            for keyword in dependent:
                known.pop(keyword, None)


def _unevaluated_as_additional(known: dict[str, Any], spelled: dict[str, str]) -> None:
    if IN_PLACE & known.keys():
        return
    pairs = [("unevaluatedProperties", "additionalProperties")]
    pairs += [] if "contains" in known else [("unevaluatedItems", "items")]
    for keyword, plain in pairs:
        rest = known.pop(keyword, True)
        if rest is not True and plain not in known:
            known[plain] = rest
            spelled[plain] = keyword


_SIMPLER: Final[tuple[Callable[[dict[str, Any], dict[str, str]], None], ...]] = (
    _items_as_prefix, _dependencies_apart, _exclusive_limits, _what_means_nothing, _unevaluated_as_additional,
)  # fmt: skip
