"""JSON that everybody reads alike: no repeated keys, NaN, lone surrogates, or numbers that no float holds."""

import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

import orjson
from pydantic_core import from_json

from event_processor.verdict import Fault, Reason

_LARGEST_EXPONENT: Final = 400  # seven bytes can name an integer of any size, and a body may hold 150,000 of them


class Repeated(dict[str, Any]):
    """An object of the document in which a key appears twice, so that nobody can say what it means."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class Unreadable(Exception):
    """The text is not a document that everybody reads alike."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.fault = Fault(reason, "", detail)


def parsed(raw: bytes) -> Any:
    """The document of JSON, whatever its keys. Raises ValueError."""
    return from_json(raw, allow_inf_nan=False)


def read_sound_json(raw: bytes, document: Any = None) -> Any:
    """The document of JSON without anything odd, at a third of the cost. Raises ValueError or TypeError otherwise.

    `document` if it was `parsed` already.
    """
    if document is None:
        document = parsed(raw)
    # Written again it is the same, as most are, or has at least the same colons, unless a repeated key went by (or a
    # colon was escaped), and the same nulls, unless a number was too large for a float.
    again = orjson.dumps(document)
    if again == raw:
        return document
    if b"\\u003" in raw or again.count(b":") != raw.count(b":") or again.count(b"null") != raw.count(b"null"):
        raise ValueError
    return document


def read_json(text: str, parse_float: Callable[[str], Any] | None = None) -> Any:
    """The document that a text is, repeated keys told by `Repeated`. Raises Unreadable.

    `parse_float` reads the numbers that are not integers; see `finite_number`.
    """
    # Read twice: pydantic's reader sets the limits (depth, surrogates, NaN, digits), alike on every Python version,
    # and the standard one shows repeated keys, which the other hides. Together a third of what validation costs.
    try:
        from_json(text.encode(), allow_inf_nan=False)
        return json.loads(text, object_pairs_hook=_object, parse_float=parse_float or _number)
    except ValueError as error:  # both parsers name the fault and the place, never the text
        raise Unreadable(Reason.NOT_JSON, str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(pairs)


def finite_number(literal: str) -> float:
    """A float. Raises ValueError past the floats' range."""
    value = float(literal)
    if not isfinite(value):
        raise ValueError("number out of range")
    return value


def _number(literal: str) -> float | int:
    """A float; past the floats' range (1e400) the integer nearest it, which stays out of every field's range."""
    value = float(literal)
    if isfinite(value):
        return value
    try:
        exact = Decimal(literal)
    except InvalidOperation:  # an exponent of more than 18 digits
        raise ValueError("number out of range") from None
    if exact.adjusted() > _LARGEST_EXPONENT:
        raise ValueError("number out of range")
    return int(exact)


def escaped(step: str | int) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return str(step).replace("~", "~0").replace("/", "~1")


def steps_of(pointer: str) -> list[str]:
    """The steps of a JSON pointer, outermost first (RFC 6901, section 4)."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def pointer_to(steps: Iterable[str | int]) -> str:
    """The JSON pointer that is made of these steps."""
    return "".join(f"/{escaped(step)}" for step in steps)


def repeated_keys(value: Any) -> Iterator[str]:
    """The JSON pointers of all objects in which a key appears twice, of a document by `read_json`."""
    return map(pointer_to, repeated_paths(value))


def repeated_paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The same, in steps: the names of properties and the places in lists."""
    if isinstance(value, Repeated):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in items:
        if isinstance(each, dict | list):
            yield from repeated_paths(each, (*path, step))


def original_text(value: Any) -> str:
    """The JSON of a part of the document, repeated keys included."""
    if isinstance(value, list):
        return "[" + ", ".join(original_text(item) for item in value) + "]"
    if not isinstance(value, dict):
        return json.dumps(value)
    pairs = value.pairs if isinstance(value, Repeated) else value.items()
    return "{" + ", ".join(f"{json.dumps(key)}: {original_text(item)}" for key, item in pairs) + "}"
