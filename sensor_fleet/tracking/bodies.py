"""Faults of a whole record: what is not a JSON object at all, or an object that no contract is for."""

import hashlib
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from sensor_fleet.tracking.plan import Fault
from sensor_fleet.tracking.subjects import Subject

_AGGREGATED: Final = b"\xf3\x89\x9a\xc2"  # so begin records of the Kinesis Producer Library (aggregation format)


class Spoiled(NamedTuple):
    """The record's bytes, the subject that can be told of it, and its one fault."""

    data: bytes
    subject: str
    fault: Fault


BodySpoil: TypeAlias = Callable[[Random, dict[str, Any], Subject], Spoiled]


def _not_json(rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    text = orjson.dumps(document)
    cut = text[: rng.randrange(1, len(text))].decode(errors="ignore").encode()  # not within a character
    broken = rng.choice((cut, text + b"}", b"'" + text, b"", text + text, b"NaN"))
    return Spoiled(broken, "", ("", "not_json"))


def _not_utf8(_rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    text = orjson.dumps(document)
    return Spoiled(text[:-1] + b',"latin":"Gr\xf6\xdfe"}', "", ("", "not_utf8"))


def _not_an_object(rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    value = rng.choice(([document], document["messageId"], rng.getrandbits(50), None, True))
    return Spoiled(orjson.dumps(value), "", ("", "not_an_object"))


def _no_type(_rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    del document["type"]
    return Spoiled(orjson.dumps(document), "", ("/type", "missing_field"))


def _null_type(_rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    document["type"] = None  # as good as none, where a subject is made of it
    return Spoiled(orjson.dumps(document), "", ("/type", "missing_field"))


def _type_not_text(rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    document["type"] = rng.choice((17, True, ["page"], {"name": "page"}))
    return Spoiled(orjson.dumps(document), "", ("/type", "wrong_type"))


def _title_not_text(rng: Random, document: dict[str, Any], subject: Subject) -> Spoiled:
    document[subject.title_key] = rng.choice((17, True, ["Home"], {"name": "Home"}))
    return Spoiled(orjson.dumps(document), "", (f"/{subject.title_key}", "wrong_type"))


def _bad_title(rng: Random, document: dict[str, Any], subject: Subject) -> Spoiled:
    title, code = rng.choice((("", "empty"), ("../../etc/passwd", "format"), ("a" * 300, "format"), ("a\0", "format")))
    document[subject.title_key] = title
    return Spoiled(orjson.dumps(document), "", (f"/{subject.title_key}", code))


def _unplanned_event(rng: Random, document: dict[str, Any], subject: Subject) -> Spoiled:
    title = rng.choice(("Policy type", "Order  Completed", "Größe", "a/b", "100 %"))
    document[subject.title_key] = title
    return Spoiled(orjson.dumps(document), f"{subject.type}/{title}", ("", "no_contract"))


def _unplanned_type(rng: Random, document: dict[str, Any], subject: Subject) -> Spoiled:
    document["type"] = rng.choice(("identity", "Page", "page ", "delete"))
    name = f"{document['type']}/{subject.title}" if subject.title else document["type"]
    return Spoiled(orjson.dumps(document), name, ("", "no_contract"))


def _repeated_key(rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    text = orjson.dumps(document)
    if rng.random() < 0.5:
        return Spoiled(text[:-1] + b',"type":"page"}', "", ("", "repeated_key"))
    return Spoiled(text.replace(b'"context":{', b'"context":{"odd":1,"odd":1,', 1), "", ("/context", "repeated_key"))


def _odd_value(rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    """What some parsers take, and no two alike."""
    value = rng.choice((b"NaN", b"-Infinity", b'"\\ud800"', b"1e999999", b"[" * 5_000 + b"]" * 5_000, b"01", b"'x'"))
    return Spoiled(orjson.dumps(document)[:-1] + b',"odd":' + value + b"}", "", ("", "not_json"))


def _aggregated(_rng: Random, document: dict[str, Any], _subject: Subject) -> Spoiled:
    body = orjson.dumps(document)
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return Spoiled(_AGGREGATED + body + digest, "", ("", "aggregated"))


BODY_SPOILS: Final[Mapping[str, BodySpoil]] = {
    "not-json": _not_json,
    "not-utf8": _not_utf8,
    "not-an-object": _not_an_object,
    "no-type": _no_type,
    "null-type": _null_type,
    "type-not-text": _type_not_text,
    "title-not-text": _title_not_text,
    "bad-title": _bad_title,
    "unplanned-event": _unplanned_event,
    "unplanned-type": _unplanned_type,
    "repeated-key": _repeated_key,
    "odd-value": _odd_value,
    "aggregated": _aggregated,
}
