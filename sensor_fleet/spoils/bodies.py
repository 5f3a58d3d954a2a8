"""Faults of the body that carries the document: nothing of it can be read."""

import base64
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias

BodySpoil: TypeAlias = Callable[[Random, str, bool], str]
"""(rng, document, whether bodies are base64) to the spoiled body."""


def encode(document: str, as_base64: bool) -> str:
    """The message body that carries this document."""
    return _base64(document.encode()) if as_base64 else document


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _not_json(rng: Random, document: str, as_base64: bool) -> str:
    return encode(rng.choice(("hello", "{", "<event/>", document.replace('"', "'"), document + "}")), as_base64)


def _not_an_object(rng: Random, document: str, as_base64: bool) -> str:
    return encode(rng.choice(("[]", "null", "true", "42", '"text"', f"[{document}]")), as_base64)


def _truncated(rng: Random, document: str, as_base64: bool) -> str:
    # Before encoding: a document without its last brace is never JSON, while a lenient decoder might fix cut base64.
    return encode(document[: rng.randrange(1, len(document))], as_base64)


def _not_base64(rng: Random, document: str, _as_base64: bool) -> str:
    body = _base64(document.encode())
    cut = rng.randrange(1, len(body))
    return body[:cut] + rng.choice("*!\\") + body[cut:]


def _not_utf8(rng: Random, document: str, _as_base64: bool) -> str:
    content = document.encode()
    cut = content.index(b'"') + 1
    return _base64(content[:cut] + rng.choice((b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xc0\x80")) + content[cut:])


BODY_SPOILS: Mapping[str, BodySpoil] = {
    "not-json": _not_json,
    "not-an-object": _not_an_object,
    "truncated": _truncated,
    "not-base64": _not_base64,
    "not-utf8": _not_utf8,
}
