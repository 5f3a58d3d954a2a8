"""What a contract asked for, in words: from the contract alone, nothing of the payload."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from event_processor.text import cut

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_CHARACTERS: Final = 300
_TYPES: Final = {
    "string": "a text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
}
_WORDS: Final = {
    "pattern": "a text that matches {pattern}",
    "format": "the format {format}",
    "minLength": "at least {limit} characters",
    "maxLength": "at most {limit} characters",
    "minItems": "at least {limit} items",
    "maxItems": "at most {limit} items",
    "additionalItems": "at most {limit} items",
    "minProperties": "at least {limit} fields",
    "maxProperties": "at most {limit} fields",
    "minimum": "at least {limit}",
    "maximum": "at most {limit}",
    "exclusiveMinimum": "more than {limit}",
    "exclusiveMaximum": "less than {limit}",
    "multipleOf": "a multiple of {multiple_of}",
    "additionalProperties": "no fields but those of the contract",
    "unevaluatedProperties": "no fields but those of the contract",
    "unevaluatedItems": "no items but those of the contract",
    "falseSchema": "no such field",
    "uniqueItems": "no item twice",
    "contains": "items of which enough are as the contract says",
    "not": "anything but what the contract excludes",
    "contentEncoding": "the encoding {content_encoding}",
    "contentMediaType": "the media type {content_media_type}",
}
_LISTED: Final = {"enum": "one of the values of the contract", "const": "the value of the contract"}


def expected_words(error: "ValidationError", is_personal: Callable[["ValidationError"], bool]) -> str:
    """What was expected, cut to a bounded length. What a contract lists of personal data is personal, too."""
    return cut(_expected(error, is_personal), _CHARACTERS)


def _expected(error: "ValidationError", is_personal: Callable[["ValidationError"], bool]) -> str:
    kind: Any = error.kind
    if kind.name in {"anyOf", "oneOf"}:
        return _alternatives([[_expected(each, is_personal) for each in branch[:3]] for branch in kind.context[:5]])
    if kind.name == "propertyNames":
        return f"names of fields: {_expected(kind.error, lambda _: is_personal(error))}"
    if kind.name in _LISTED and is_personal(error):
        return _LISTED[kind.name]
    if special := _SPECIAL.get(kind.name):
        return special(kind)
    words = _WORDS.get(kind.name)
    return words.format_map(kind.as_dict()) if words else f"what the contract says by {kind.name}"


def _alternatives(branches: list[list[str]]) -> str:
    words = dict.fromkeys(" and ".join(dict.fromkeys(branch)) for branch in branches if branch)
    return "either " + ", or ".join(words) if words else "what is by one alternative alone"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_SPECIAL: Final[dict[str, Callable[[Any], str]]] = {
    "type": lambda kind: " or ".join(_TYPES.get(name, name) for name in kind.types),
    "required": lambda kind: f"the field {_json(kind.property)}",
    "enum": lambda kind: "one of " + ", ".join(map(_json, kind.options)),
    "const": lambda kind: _json(kind.expected_value),
    "x-max-bytes": lambda kind: str(kind.message),
}
