"""Makes submissions, and knows what each must become because it made them: nothing here parses or validates.

Each submission depends on the options and its index alone, so threads, speed and time change nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring, encode_basestring_ascii
from random import Random
from typing import Literal, NamedTuple, TypeAlias

from sensor_fleet import values
from sensor_fleet.plan import Plan, PlannedEvent
from sensor_fleet.spoils import catalogue
from sensor_fleet.spoils.bodies import BODY_SPOILS, encode
from sensor_fleet.spoils.spoil import Members, Spoil, object_text

_SHARE_WITH_EXTRA_FIELDS = 0.05
_SUBMISSION_SPACING = timedelta(seconds=0.1)
_NOT_OBJECTS = ("null", '"whoami"', "17", "[]", "true", '["whoami", "root"]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What decides the submissions, byte for byte. Shares and probabilities are 0..1."""

    seed: int
    devices: int = 10
    events: tuple[int, int] = (3, 5)
    spoil: float = 0.01
    invalid_share: float = 0.0
    invalid_kinds: tuple[str, ...] = catalogue.KINDS
    body: Literal["base64", "raw"] = "base64"


class Submission(NamedTuple):
    """A message body, and what it must become."""

    plan: Plan
    body: str


@dataclass(slots=True)
class _Event:
    """An event being made: what must be published of it, its members as written, and what was done to it."""

    event_type: str
    data: Mapping[str, str | int]
    members: Members
    fault: str = ""
    text: str = ""

    def document(self) -> str:
        return self.text or object_text(self.members)


_Events: TypeAlias = dict[str, list[_Event]]
_Quote: TypeAlias = Callable[[str], str]  # a text as JSON string, escaping all that is not ASCII or only what it must


@dataclass(slots=True)
class _Draft:
    """A submission being made; `rejected` collects the faults that reject all of it."""

    rng: Random
    events: _Events
    open_siblings: bool = False
    rejected: list[str] = field(default_factory=list)

    def in_order(self) -> Iterator[_Event]:
        for events in self.events.values():
            yield from events


class Generator:
    """The submissions of one fleet, by index from 0, as many as wanted.

    `grouped`, for a FIFO queue: each submission is in the message group of its device.
    """

    def __init__(self, options: Options, *, grouped: bool = False) -> None:
        rng = Random(f"{options.seed}/fleet")
        self._options = options
        self._grouped = grouped
        self._devices = [values.uuid4(rng) for _ in range(options.devices)]
        self._start = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(3 * 365 * 86_400))

    def submission(self, index: int) -> Submission:
        """Submission number `index`: always the same for the same options."""
        rng = Random(f"{self._options.seed}/{index}")
        kind = self._kind_to_plant(rng)
        quote = rng.choice((encode_basestring, encode_basestring_ascii))
        draft = _Draft(rng, self._events(rng, quote))
        self._spoil_events(draft, kind, quote)

        submission_id, device_id, time_created = values.uuid4(rng), rng.choice(self._devices), self._time(rng, index)
        header = {
            "submission_id": f'"{submission_id}"',
            "device_id": f'"{device_id}"',
            "time_created": f'"{time_created}"',
            "events": self._events_text(draft, kind),
        }
        if rng.random() < _SHARE_WITH_EXTRA_FIELDS:
            header["sensor_version"] = '"2.4.1"'
        self._spoil_header(draft, header, kind)
        body = self._body(draft, object_text(header), kind)
        plan = _plan(draft, submission_id, device_id, time_created)
        return Submission(replace(plan, group=device_id) if self._grouped else plan, body)

    def _kind_to_plant(self, rng: Random) -> str | None:
        planted = rng.random() < self._options.invalid_share
        return rng.choice(self._options.invalid_kinds) if planted else None

    def _time(self, rng: Random, index: int) -> str:
        jitter = timedelta(microseconds=rng.randrange(_SUBMISSION_SPACING // timedelta(microseconds=1)))
        return (self._start + index * _SUBMISSION_SPACING + jitter).strftime("%Y-%m-%dT%H:%M:%S.%f")

    def _events(self, rng: Random, quote: _Quote) -> _Events:
        types = values.EVENT_TYPES if rng.random() < 0.5 else values.EVENT_TYPES[::-1]
        low, high = self._options.events
        return {kind: [_event(rng, kind, quote) for _ in range(rng.randint(low, high))] for kind in types}

    def _spoil_events(self, draft: _Draft, kind: str | None, quote: _Quote) -> None:
        if kind == catalogue.EVENT_NOT_AN_OBJECT:
            event, _ = _victim(draft, quote, ("cmdl", "source_ip"))
            event.text, event.fault = draft.rng.choice(_NOT_OBJECTS), kind
        elif spoil := catalogue.EVENT_KINDS.get(kind or ""):
            event, name = _victim(draft, quote, spoil.names)
            event.fault = spoil.strike(draft.rng, event.members, name)
            draft.open_siblings = spoil.open_siblings
        for event in draft.in_order():
            if not event.fault:
                faults = self._spoil_calmly(draft.rng, event.members, catalogue.CALM_FIELD_SPOILS)
                event.fault = ", ".join(faults)

    def _events_text(self, draft: _Draft, kind: str | None) -> str:
        types = {name: "[" + ", ".join(map(_Event.document, events)) + "]" for name, events in draft.events.items()}
        if spoil := catalogue.EVENTS_KINDS.get(kind or ""):
            draft.rejected.append(spoil.strike(draft.rng, types, draft.rng.choice(spoil.names)))
        return object_text(types)

    def _spoil_header(self, draft: _Draft, header: Members, kind: str | None) -> None:
        if spoil := catalogue.HEADER_KINDS.get(kind or ""):
            draft.rejected.append(spoil.strike(draft.rng, header, draft.rng.choice(spoil.names)))
        else:
            draft.rejected += self._spoil_calmly(draft.rng, header, catalogue.CALM_HEADER_SPOILS)

    def _spoil_calmly(self, rng: Random, members: Members, spoils: Mapping[str, tuple[Spoil, ...]]) -> list[str]:
        struck = [name for name in members if name in spoils and rng.random() < self._options.spoil]
        return [rng.choice(spoils[name]).strike(rng, members, name) for name in struck]

    def _body(self, draft: _Draft, document: str, kind: str | None) -> str:
        as_base64 = self._options.body == "base64"
        if spoil := BODY_SPOILS.get(kind or ""):
            draft.rejected.append(str(kind))
            return spoil(draft.rng, document, as_base64)
        return encode(document, as_base64)


def _event(rng: Random, event_type: str, quote: _Quote) -> _Event:
    data = values.event_data(rng, event_type)
    members = {name: quote(value) if isinstance(value, str) else str(value) for name, value in data.items()}
    if rng.random() < _SHARE_WITH_EXTRA_FIELDS:
        members["trace"] = '{"pid": 4242, "cmdl": null}'
    return _Event(event_type, data, members)


def _victim(draft: _Draft, quote: _Quote, names: tuple[str, ...]) -> tuple[_Event, str]:
    """Some event that has one of these fields, and the field; a document without any gets one."""
    candidates = [(event, name) for event in draft.in_order() for name in names if name in event.members]
    if candidates:
        return draft.rng.choice(candidates)
    event_type = next(kind for kind, fields in values.FIELDS.items() if names[0] in fields)
    draft.events[event_type].append(_event(draft.rng, event_type, quote))
    return draft.events[event_type][0], names[0]


def _plan(draft: _Draft, submission_id: str, device_id: str, time_created: str) -> Plan:
    if draft.rejected:
        return Plan(submission_id, device_id, time_created, rejected=", ".join(draft.rejected))
    numbered = list(enumerate(draft.in_order()))
    good = tuple(PlannedEvent(number, event.event_type, event.data) for number, event in numbered if not event.fault)
    must, may = ((), good) if draft.open_siblings else (good, ())
    must_not = {number: event.fault for number, event in numbered if event.fault}
    return Plan(submission_id, device_id, time_created, must, may, must_not)
