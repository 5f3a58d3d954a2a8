"""The rules for submissions written a second time, slow and obvious, to hold the generator's word against."""

import base64
import binascii
import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

HOSTILE = object()
"""What a parser cannot be asked to make sense of."""

_TYPES = {"new_process": {"cmdl", "user"}, "network_connection": {"source_ip", "destination_ip", "destination_port"}}


class RejectedError(Exception):
    """The submission is rejected as a whole."""


@dataclass(frozen=True)
class Verdict:
    """Good events as (sequence, type, data), sequences of bad ones, and whether one of those is hostile."""

    submission_id: str
    device_id: str
    time_created: str
    good: list[tuple[int, str, dict[str, Any]]]
    bad: list[int]
    hostile: bool


def validate(body: str) -> Verdict:
    """Raises RejectedError when the submission falls as a whole."""
    document = _document(body)
    good, bad = _events(document.get("events"))
    return Verdict(
        _id(document.get("submission_id")),
        _id(document.get("device_id")),
        _time(document.get("time_created")),
        good,
        [number for number, _ in bad],
        any(_is_hostile(event) for _, event in bad),
    )


def _document(body: str) -> dict[str, Any]:
    try:
        document = json.loads(
            _without_deep_nesting(_content(body).decode("utf-8")),
            object_pairs_hook=_object,
            parse_constant=lambda _name: HOSTILE,
            parse_int=lambda digits: HOSTILE if len(digits) > 100 else int(digits),
            parse_float=lambda digits: HOSTILE if float(digits) in (float("inf"), float("-inf")) else float(digits),
        )
    except ValueError as error:
        raise RejectedError from error
    if not isinstance(document, dict):
        raise RejectedError
    return document


def _content(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return body.encode()


def _without_deep_nesting(text: str) -> str:
    while opening := re.search(r'(\[){100,}|(\{"a":){100,}', text):
        depth = len(opening[0]) // len(opening[1] or opening[2])
        text = text[: opening.start()] + "NaN" + text[opening.end() + len("1") + depth :]
    return text


def _object(members: list[tuple[str, Any]]) -> object:
    names = [name for name, _ in members]
    return dict(members) if len(set(names)) == len(names) else HOSTILE


def _id(value: object) -> str:
    if not isinstance(value, str):
        raise RejectedError
    try:
        uuid.UUID(value)
    except ValueError as error:
        raise RejectedError from error
    return value


def _time(value: object) -> str:
    if not isinstance(value, str):
        raise RejectedError
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise RejectedError from error
    return value


def _events(events: object) -> tuple[list[tuple[int, str, dict[str, Any]]], list[tuple[int, object]]]:
    if not isinstance(events, dict) or not events:
        raise RejectedError
    for name, listed in events.items():
        if name not in _TYPES or not isinstance(listed, list):
            raise RejectedError
    numbered = list(enumerate((name, event) for name, listed in events.items() for event in listed))
    good = [
        (number, name, {key: event[key] for key in event if key in _TYPES[name]})
        for number, (name, event) in numbered
        if _is_good(name, event)
    ]
    bad = [(number, event) for number, (name, event) in numbered if not _is_good(name, event)]
    return good, bad


def _is_hostile(event: object) -> bool:
    values = list(event.values()) if isinstance(event, dict) else [event]
    return any(value is HOSTILE or (isinstance(value, str) and _has_surrogate(value)) for value in values)


def _has_surrogate(text: str) -> bool:
    return any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _is_good(name: str, event: object) -> bool:
    if not isinstance(event, dict):
        return False
    if name == "new_process":
        return _is_text(event.get("cmdl")) and _is_text(event.get("user"))
    return _is_address(event.get("source_ip")) and _is_address(event.get("destination_ip")) and _is_port(event)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and not _has_surrogate(value)


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    parts = value.split(".")
    return len(parts) == 4 and all(part in {str(number) for number in range(256)} for part in parts)


def _is_port(event: dict[str, Any]) -> bool:
    port = event.get("destination_port")
    return type(port) is int and 0 <= port <= 65535
