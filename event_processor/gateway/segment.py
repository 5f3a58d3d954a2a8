"""What Segment's clients send: the events of a request, and the bytes that each is published as. Pure.

An event is published as its client wrote it, but for the member `writeKey`, which is cut out. Behind its members
stands what it lacks and its request says: the `type` that a path names; `sentAt`, `context` and `integrations` of a
batch. The latter two are merged member by member, and what the event has itself counts. Nothing else is added.

Clients drop a whole batch on a 4xx, so that the faults of one event are left to its verdict: text that is not UTF-8,
numbers that JSON does not have (Python writes them), values nested too deeply.
"""

import json
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from event_processor.gateway.envelopes import BadEnvelope, Offer
from event_processor.gateway.json_text import JsonText

TYPES: Final = ("page", "track", "identify", "screen", "group", "alias")
MOST_EVENTS: Final = 2500  # Segment's documentation, HTTP API source: Errors
_WRITE_KEY: Final = "writeKey"
_MERGED: Final = frozenset({"context", "integrations"})
_SHARED: Final = _MERGED | {"sentAt"}
_TOLD: Final = _SHARED | {_WRITE_KEY}
_DECODER: Final = json.JSONDecoder(parse_int=float, strict=False)  # int refuses some digits more than JSON does
_BRACKET: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{}]', re.DOTALL)
_DEEP_CHARACTERS: Final = 256 * 1024  # of one body that are gone through bracket by bracket
_DEEP: Final = object()  # a value that is nested too deeply to be read


class Call(NamedTuple):
    """A request: the write key if the body has it, and the events."""

    write_key: str | None
    offers: list[Offer]


class _Member(NamedTuple):
    """Of an object: where its name begins, where its value begins, and where that ends."""

    name: str
    start: int
    at: int
    end: int


class _Event(NamedTuple):
    """Where it is, and the names of those of its members that matter here; None if it is no object."""

    start: int
    end: int
    names: AbstractSet[str] | None


def single(body: bytes, event_type: str) -> Call:
    """Of a call of its own. Raises BadEnvelope."""
    return _read(body, event_type, 1)


def batch(body: bytes, most_events: int) -> Call:
    """Of several. Raises BadEnvelope."""
    return _read(body, None, most_events)


def _read(body: bytes, event_type: str | None, most_events: int) -> Call:
    reader = _Reader(body.decode(errors="surrogateescape"))
    try:
        if reader.next() != "{":
            raise BadEnvelope("this is not a JSON object")
        return reader.batch(most_events) if event_type is None else reader.single(event_type)
    except BadEnvelope:
        raise
    except ValueError as error:  # names the fault and the place, never the text
        raise BadEnvelope(f"the body is not JSON: {error}") from None


class _Reader(JsonText):
    def __init__(self, text: str) -> None:
        super().__init__(text, _DECODER)
        self._deep_left = _DEEP_CHARACTERS

    def single(self, event_type: str) -> Call:
        """The document is the event."""
        start, write_key, names = self.at, None, set()
        for name, _ in self.names():
            value = self.value()
            names.add(name)
            if name == _WRITE_KEY and isinstance(value, str):
                write_key = value
        event = _Event(start, self.at, names)
        self.end()
        return Call(write_key, [self._offer(event, {"type": json.dumps(event_type)})])

    def batch(self, most_events: int) -> Call:
        """The document has the events in `batch`, before or after what holds for all of them."""
        events: list[_Event] | None = None
        shared: dict[str, str] = {}
        write_key = None
        for name, _ in self.names():
            start = self.at
            if name == "batch":
                events = self._events(most_events)
                continue
            value = self.value()
            if name == _WRITE_KEY and isinstance(value, str):
                write_key = value
            elif name in _SHARED and value is not None:
                shared[name] = self.text[start : self.at]
        self.end()
        if events is None:
            raise BadEnvelope("there is no batch", "/batch")
        return Call(write_key, [self._offer(event, shared) for event in events])

    def value(self) -> Any:
        """The one here, or _DEEP."""
        try:
            return super().value()
        except RecursionError:
            self._pass_by()
            return _DEEP

    def _events(self, most: int) -> list[_Event]:
        if self.next() != "[":
            raise BadEnvelope("this is not a list", "/batch")
        found: list[_Event] = []
        for number in self.items():
            if number == most:
                raise BadEnvelope("there are too many events", "/batch")
            start, is_object = self.at, self.next() == "{"
            value = self.value()
            names = _TOLD if value is _DEEP else _TOLD.intersection(value) if is_object else None
            found.append(_Event(start, self.at, names if is_object else None))
        return found

    def _pass_by(self) -> None:
        """The value here, by its brackets."""
        depth, most = 0, self.at + self._deep_left
        for token in _BRACKET.finditer(self.text, self.at, most):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
            if not depth:
                self._deep_left -= token.end() - self.at
                self.at = token.end()
                return
        raise ValueError("a value is nested too deeply")

    def _offer(self, event: _Event, added: Mapping[str, str]) -> Offer:
        text = self.text[event.start : event.end]
        if event.names is not None:
            absent = {name: value for name, value in added.items() if name not in event.names}
            if event.names.isdisjoint({_WRITE_KEY, *(added.keys() & _MERGED)}):
                text = _with(text, absent)
            else:
                text = _edited(text, added)
        return Offer(text.encode(errors="surrogateescape"), None)


def _edited(text: str, added: Mapping[str, str]) -> str:
    """An object without its write key, and with what is added to it or merged into it."""
    members = _members(text)
    pieces: list[str] = []
    for place, member in enumerate(members):
        if member.name == _WRITE_KEY:
            continue
        if pieces:
            pieces.append(text[members[place - 1].end : member.start])
        pieces.append(text[member.start : member.at])
        value = text[member.at : member.end]
        pieces.append(_merged(value, added[member.name]) if member.name in _MERGED & added.keys() else value)
    ends = (members[0].start, members[-1].end) if members else (1, len(text) - 1)
    kept = text[: ends[0]] + "".join(pieces) + text[ends[1] :]
    names = {member.name for member in members}
    return _with(kept, {name: value for name, value in added.items() if name not in names})


def _merged(own: str, shared: str) -> str:
    """Two values: if both are objects, what only the second has joins the first, which else stays as it is."""
    if own[0] != "{" or shared[0] != "{":
        return own
    names = {member.name for member in _members(own)}
    others = {member.name: shared[member.at : member.end] for member in _members(shared)}
    return _with(own, {name: value for name, value in others.items() if name not in names})


def _with(text: str, added: Mapping[str, str]) -> str:
    """An object, with these members behind its own."""
    if not added:
        return text
    head = text[:-1]
    separator = "" if head[1:].isspace() or head == "{" else ","
    return head + separator + ",".join(f"{json.dumps(name)}:{value}" for name, value in added.items()) + "}"


def _members(text: str) -> list[_Member]:
    """Of the object that this is."""
    reader = _Reader(text)
    found: list[_Member] = []
    for name, start in reader.names():
        at = reader.at
        reader.value()
        found.append(_Member(name, start, at, reader.at))
    return found
