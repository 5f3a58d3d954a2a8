"""Body to document: base64 or plain, UTF-8, JSON without ambiguity."""

import binascii
import json
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

import orjson
from pydantic_core import from_json

from event_processor.verdict import Fault, Reason

_LARGEST_EXPONENT: Final = 400  # seven bytes can name an integer of any size, and a body may hold 150,000 of them
_COMPRESSED: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
}
_JSON_STARTS: Final = ("{", "[", '"')


class Repeated(dict[str, Any]):
    """An object of the document in which a key stands twice, so that nobody can say what it means."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class Unreadable(Exception):
    """The text is no document that everybody reads alike."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.fault = Fault(reason, "", detail)


def parse(body: str) -> Any:
    """The JSON document that a body holds. Raises Unreadable.

    An object with a repeated key comes back as `Repeated`: whether that spoils an event or the submission is for
    `validate` to say.
    """
    try:
        return _sound(body)
    except (ValueError, TypeError):
        pass  # odd at least: read it with care, and find out what is wrong
    return read_json(_text(body))


def _sound(body: str) -> Any:
    """The document of a body without anything odd, at a third of the cost. Raises ValueError or TypeError otherwise."""
    raw = body.encode() if body.startswith("{") else _unpacked(body)
    document = from_json(raw, allow_inf_nan=False)
    # Written again it has the same colons, unless a repeated key went by (or a colon was escaped), and the same nulls,
    # unless a number was too large for a float.
    again = orjson.dumps(document)
    if b"\\u003" in raw or again.count(b":") != raw.count(b":") or again.count(b"null") != raw.count(b"null"):
        raise ValueError
    return document


def _text(body: str) -> str:
    stripped = body.strip()
    if stripped.startswith(_JSON_STARTS):
        return stripped
    try:
        return _unpacked("".join(stripped.split())).decode()
    except UnicodeDecodeError as error:
        raise Unreadable(Reason.NOT_UTF8, f"the base64 of the body holds {_kind_of(error.object)}") from None
    except (binascii.Error, ValueError):
        raise Unreadable(Reason.NOT_JSON, "the body is neither base64 nor a JSON document") from None


def _kind_of(content: bytes) -> str:
    for magic, name in _COMPRESSED.items():
        if content.startswith(magic):
            return f"{name}, no UTF-8: send it uncompressed (data of CloudWatch Logs: send them to another queue)"
    return "no UTF-8"


def _unpacked(text: str) -> bytes:
    """What is in strict base64. Raises ValueError, also for padding too much, which Python 3.11 would let pass."""
    if text.endswith("=") and len(text.rstrip("=")) % 4 == 0:
        raise binascii.Error("excess padding")
    return binascii.a2b_base64(text, strict_mode=True)


def read_json(text: str) -> Any:
    """The document that a text is, repeated keys told by `Repeated`. Raises Unreadable."""
    # Read twice: pydantic's reader sets the limits (depth, surrogates, NaN, digits), alike on every Python version,
    # and the standard one shows repeated keys, which the other hides. Together a third of what validation costs.
    try:
        from_json(text.encode(), allow_inf_nan=False)
        return json.loads(text, object_pairs_hook=_object, parse_float=_number)
    except ValueError as error:  # both parsers name the fault and the place, never the text
        raise Unreadable(Reason.NOT_JSON, str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(pairs)


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


def original_text(value: Any) -> str:
    """The JSON of a part of the document, repeated keys included."""
    if isinstance(value, list):
        return "[" + ", ".join(original_text(item) for item in value) + "]"
    if not isinstance(value, dict):
        return json.dumps(value)
    pairs = value.pairs if isinstance(value, Repeated) else value.items()
    return "{" + ", ".join(f"{json.dumps(key)}: {original_text(item)}" for key, item in pairs) + "}"
