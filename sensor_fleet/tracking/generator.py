"""Makes tracking events, and knows the verdict that each must get because it made them: nothing here validates.

Each record depends on the options and its index alone, so threads, speed and time change nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, TypeAlias

import orjson

from sensor_fleet import values
from sensor_fleet.tracking.bodies import BODY_SPOILS
from sensor_fleet.tracking.plan import Fault, TrackingPlan, TrackingRecord, digest
from sensor_fleet.tracking.pointers import drop, put
from sensor_fleet.tracking.releases import Break, Releases
from sensor_fleet.tracking.scene import Scene
from sensor_fleet.tracking.subjects import SUBJECTS, WAYS, Subject

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "field": tuple(dict.fromkeys(way for ways in WAYS.values() for way in ways)),
    "record": tuple(BODY_SPOILS),
}
KINDS: Final = tuple(kind for kinds in GROUPS.values() for kind in kinds)
_SHARE_WITH_OPTIONAL_FIELDS: Final = 0.8
_SPACING: Final = timedelta(seconds=0.1)
_MOST_FAULTS: Final = 3
_Faults: TypeAlias = dict[str, tuple[Fault, ...]]  # by the pointer of what was struck


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingOptions:
    """What decides the records, byte for byte. `span` is after how many of them releases and drift have run through."""

    seed: int
    visitors: int = 10
    releases: tuple[str, ...] = ("5.0.0", "5.1.0", "5.2.0")
    breaks: tuple[Break, ...] = ()
    drift: tuple[str, ...] = ()
    span: int = 10_000
    invalid_share: float = 0.0
    invalid_kinds: tuple[str, ...] = KINDS


class TrackingGenerator:
    """The records of one fleet of browsers and apps, by index from 0, as many as wanted."""

    def __init__(self, options: TrackingOptions, subjects: Sequence[Subject] = SUBJECTS) -> None:
        rng = Random(f"{options.seed}/tracking")
        self._options, self._subjects = options, subjects
        self._kinds = [kind for kind in options.invalid_kinds if _that_can(subjects, kind)]
        self._visitors = [values.uuid4(rng) for _ in range(options.visitors)]
        self._releases = Releases(options.releases, self._visitors, options.seed)
        self._start = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(3 * 365 * 86_400))

    def record(self, index: int) -> TrackingRecord:
        """Record number `index`: always the same for the same options."""
        rng = Random(f"{self._options.seed}/{index}")
        scene = self._scene(rng, index)
        kind = rng.choice(self._kinds) if rng.random() < self._options.invalid_share else ""
        subject = _subject(scene, self._subjects, kind)
        document = _document(scene, subject)
        message_id = str(document[subject.id])
        if spoil := BODY_SPOILS.get(kind):
            data, name, fault = spoil(rng, document, subject)
            plan = TrackingPlan(message_id, digest(data), scene.release, name, (fault,))
        else:
            faults = self._broken_by_release(scene, subject, document)
            faults |= _spoiled(scene, subject, document, kind, besides=faults)
            data = orjson.dumps(document)
            found = tuple(sorted(fault for each in faults.values() for fault in each))
            release = scene.release if subject.is_segment else ""
            plan = TrackingPlan(message_id, digest(data), release, subject.name, found)
        return TrackingRecord(plan, scene.visitor, data)

    def _scene(self, rng: Random, index: int) -> Scene:
        progress = min(1.0, index / self._options.span)
        visitor = rng.choice(self._visitors)
        release = self._releases.of(visitor, progress)
        drift = dict.fromkeys(self._options.drift, progress)
        return Scene(rng, visitor, self._start + index * _SPACING, release, drift)

    def _broken_by_release(self, scene: Scene, subject: Subject, document: dict[str, Any]) -> _Faults:
        return {
            found.pointer: _strike(scene.rng, subject, document, found.pointer, found.way)
            for found in self._options.breaks
            if found.release == scene.release and found.way in subject.ways.get(found.pointer, {})
        }


def _that_can(subjects: Iterable[Subject], kind: str) -> list[Subject]:
    """The subjects that can be spoiled in this way; all of them for none."""
    if not kind:
        return list(subjects)
    if kind in BODY_SPOILS:
        return [each for each in subjects if each.is_segment]
    return [each for each in subjects if _fields_with(each, kind)]


def _subject(scene: Scene, subjects: Sequence[Subject], kind: str) -> Subject:
    can = _that_can(subjects, kind)
    drifted = scene.drift.get("mix", 0.0)
    weights = [each.share + drifted * (each.later - each.share) for each in can]
    return scene.rng.choices(can, weights)[0]


def _document(scene: Scene, subject: Subject) -> dict[str, Any]:
    document: dict[str, Any]
    if subject.is_segment:
        document = {"type": subject.type, "messageId": f"ajs-{scene.rng.getrandbits(128):032x}"}
    else:
        document = {subject.id: values.uuid4(scene.rng)}
    if subject.title:
        document[subject.title_key] = subject.title
    for field in subject.fields:
        value = field.kind.make(scene)
        if field.required or scene.rng.random() < _SHARE_WITH_OPTIONAL_FIELDS:
            put(document, field.pointer, value)
    return document


def _fields_with(subject: Subject, way: str) -> list[str]:
    return [pointer for pointer, ways in subject.ways.items() if way in ways]


def _spoiled(scene: Scene, subject: Subject, document: dict[str, Any], way: str, besides: _Faults) -> _Faults:
    pointers = [pointer for pointer in _fields_with(subject, way) if pointer not in besides]
    most = min(len(pointers), scene.rng.randint(1, _MOST_FAULTS))
    return {
        pointer: _strike(scene.rng, subject, document, pointer, way) for pointer in scene.rng.sample(pointers, most)
    }


def _strike(rng: Random, subject: Subject, document: dict[str, Any], pointer: str, way: str) -> tuple[Fault, ...]:
    values, faults = subject.ways[pointer][way]
    if way == "missing":
        drop(document, pointer)
        return faults
    put(document, pointer, rng.choice(values))
    return tuple((pointer + below, code) for below, code in faults)
