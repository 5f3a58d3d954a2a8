"""A second, slow and obvious reading of docs/design.md, section 3: what becomes of a body. Standard library only."""

import base64
import json
import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Address
from typing import Any, NamedTuple

NAMESPACE = uuid.UUID("6f0e9f1c-1d0b-5d57-9d38-0f5cf1f7c1b4")
LARGEST_EXPONENT = 400
DEEPEST = 200  # objects and lists in one another, empty ones not counted
Faults = set[tuple[str, str]]
Pairs = list[tuple[str, Any]]


class Object(NamedTuple):
    """A JSON object as it was written."""

    pairs: Pairs

    @property
    def is_ambiguous(self) -> bool:
        """A key appears twice."""
        return len(dict(self.pairs)) != len(self.pairs)


class Unreadable(Exception):
    """No JSON."""


class Published(NamedTuple):
    """An event that must be on the stream: its record as JSON, where 1, 1.0 and true are three things."""

    partition_key: str
    record: str


class Rejected(NamedTuple):
    """An event that must not be on the stream; `original` shows all that was sent, repeated keys included."""

    sequence: int
    faults: Faults
    original: str


class Whole(NamedTuple):
    """A submission rejected as a whole; no faults are named if it cannot even be read."""

    faults: Faults | None


Verdict = Published | Rejected | Whole


def judge(body: str) -> list[Verdict]:
    """What must become of a body."""
    try:
        document = read(body)
    except (Unreadable, ValueError, RecursionError):
        return [Whole(None)]
    faults = envelope_faults(document)
    return [Whole(faults)] if faults else list(judge_events(dict(document.pairs)))


def read(body: str) -> Any:
    """The JSON of a body, which is base64 of it or not."""
    text = body.strip()
    if text[:1] not in {"{", "[", '"'}:
        packed = "".join(text.split())
        if not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", packed, re.ASCII) or len(packed) % 4:
            raise Unreadable
        text = base64.b64decode(packed).decode()
    text.encode()
    document = load(text)
    if depth(document) > DEEPEST:
        raise Unreadable
    for string in strings(document):
        string.encode()
    return document


def load(text: str) -> Any:
    """JSON with its objects as they were written."""
    return json.loads(text, object_pairs_hook=Object, parse_float=number, parse_constant=refuse)


def refuse(literal: str) -> Any:
    """NaN and Infinity are not JSON."""
    raise Unreadable(literal)


def number(literal: str) -> Any:
    """A number with a point or an exponent; those that would fill the memory are not JSON."""
    value = float(literal)
    if value not in {float("inf"), float("-inf")}:
        return value
    try:
        exact = Decimal(literal)
    except InvalidOperation:
        raise Unreadable(literal) from None
    if exact.adjusted() > LARGEST_EXPONENT:
        raise Unreadable(literal)
    return int(exact)


def depth(value: Any) -> int:
    """How many objects and lists are in one another; 0 for anything that holds nothing."""
    inner = [item for _, item in value.pairs] if isinstance(value, Object) else value
    return 1 + max(map(depth, inner)) if isinstance(inner, list) and inner else 0


def strings(value: Any) -> Iterator[str]:
    """Every key and every string of a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Object):
        for key, item in value.pairs:
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def envelope_faults(document: Any) -> Faults:
    """What is wrong with the submission as a whole."""
    if not isinstance(document, Object):
        return {("not_an_object", "")}
    if document.is_ambiguous:
        return {("repeated_key", "")}
    fields = dict(document.pairs)
    events = fields.get("events")
    if isinstance(events, Object) and events.is_ambiguous:
        return {("repeated_key", "/events")}
    faults = field_faults(fields, {"submission_id": is_uuid, "device_id": is_uuid, "time_created": is_time}, "")
    return faults | ({("missing_field", "/events")} if "events" not in fields else events_faults(events))


def events_faults(events: Any) -> Faults:
    """What is wrong with the object of events."""
    if not isinstance(events, Object):
        return {("not_an_object", "/events")}
    if not events.pairs:
        return {("empty", "/events")}
    faults = set()
    for name, value in events.pairs:
        shown = name if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name, re.ASCII) else "?"
        if name not in EVENT_TYPES:
            faults.add(("unknown_event_type", f"/events/{shown}"))
        if not isinstance(value, list):
            faults.add(("not_a_list", f"/events/{shown}"))
    return faults


def judge_events(fields: dict[str, Any]) -> Iterator[Verdict]:
    """The verdict on each event of a sound submission."""
    sequence = 0
    for event_type, events in fields["events"].pairs:
        for position, event in enumerate(events):
            faults = event_faults(event, EVENT_TYPES[event_type], f"/events/{event_type}/{position}")
            if faults:
                yield Rejected(sequence, faults, repr(event))
            else:
                record = record_of(fields, event_type, position, sequence, dict(event.pairs))
                yield Published(fields["device_id"], json.dumps(record))
            sequence += 1


def record_of(fields: dict[str, Any], event_type: str, position: int, sequence: int, event: dict[str, Any]) -> Any:
    """What a reader of the stream finds, but for the time of processing."""
    return {
        "event_id": str(uuid.uuid5(NAMESPACE, f"{fields['submission_id'].lower()}/{event_type}/{position}")),
        "submission_id": fields["submission_id"],
        "device_id": fields["device_id"],
        "sequence": sequence,
        "event_type": event_type,
        "time_created": fields["time_created"],
        "event_data": {name: event[name] for name in EVENT_TYPES[event_type]},
    }


def event_faults(event: Any, checks: dict[str, Any], pointer: str) -> Faults:
    """What is wrong with one event."""
    if not isinstance(event, Object):
        return {("not_an_object", pointer)}
    if event.is_ambiguous:
        return {("repeated_key", pointer)}
    return field_faults(dict(event.pairs), checks, pointer)


def field_faults(fields: dict[str, Any], checks: dict[str, Any], pointer: str) -> Faults:
    """What is wrong with these fields of an object."""
    faults = set()
    for name, check in checks.items():
        reason = check(fields[name]) if name in fields else "missing_field"
        if reason:
            faults.add((reason, f"{pointer}/{name}"))
    return faults


def is_uuid(value: Any) -> str:
    """A UUID with its hyphens."""
    if not isinstance(value, str):
        return "wrong_type"
    try:
        return "" if str(uuid.UUID(value)) == value.lower() else "not_a_uuid"
    except ValueError:
        return "not_a_uuid"


def is_time(value: Any) -> str:
    """An ISO 8601 date with a time, of at least the hour."""
    if not isinstance(value, str):
        return "wrong_type"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "not_a_time"
    return "" if len(value) >= len("2021-03-28T15") else "not_a_time"


def is_text(value: Any) -> str:
    """A string that is not empty."""
    if not isinstance(value, str):
        return "wrong_type"
    return "" if value else "empty"


def is_ipv4(value: Any) -> str:
    """A dotted IPv4 address."""
    if not isinstance(value, str):
        return "wrong_type"
    try:
        IPv4Address(value)
    except ValueError:
        return "not_ipv4"
    return ""


def is_port(value: Any) -> str:
    """An integer in 0..65535, and true is none."""
    if type(value) is not int:
        return "wrong_type"
    return "" if 0 <= value <= 65535 else "out_of_range"


EVENT_TYPES: dict[str, dict[str, Any]] = {
    "new_process": {"cmdl": is_text, "user": is_text},
    "network_connection": {"source_ip": is_ipv4, "destination_ip": is_ipv4, "destination_port": is_port},
}
