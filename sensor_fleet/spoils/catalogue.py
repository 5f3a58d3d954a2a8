"""All kinds of invalid data by the names users type, and where each applies."""

from collections.abc import Iterable, Mapping

from sensor_fleet.spoils.bodies import BODY_SPOILS
from sensor_fleet.spoils.fields import FIELD_SPOILS
from sensor_fleet.spoils.header import DUPLICATE_ID, EVENTS_SPOILS, HEADER_SPOILS
from sensor_fleet.spoils.hostile import HOSTILE_SPOILS
from sensor_fleet.spoils.spoil import Spoil

EVENT_NOT_AN_OBJECT = "event-not-an-object"


def _by_kind(spoils: Iterable[Spoil]) -> Mapping[str, Spoil]:
    return {spoil.kind: spoil for spoil in spoils}


def _by_name(spoils: Iterable[Spoil]) -> Mapping[str, tuple[Spoil, ...]]:
    spoils = tuple(spoils)
    names = dict.fromkeys(name for spoil in spoils for name in spoil.names)
    return {name: tuple(spoil for spoil in spoils if name in spoil.names) for name in names}


CALM_FIELD_SPOILS = _by_name(FIELD_SPOILS)
CALM_HEADER_SPOILS = _by_name(HEADER_SPOILS)

EVENT_KINDS = _by_kind((*FIELD_SPOILS, *HOSTILE_SPOILS))
EVENTS_KINDS = _by_kind(EVENTS_SPOILS)
HEADER_KINDS = _by_kind((*HEADER_SPOILS, DUPLICATE_ID))

GROUPS: Mapping[str, tuple[str, ...]] = {
    "event": (*_by_kind(FIELD_SPOILS), EVENT_NOT_AN_OBJECT),
    "submission": (*_by_kind(HEADER_SPOILS), *EVENTS_KINDS, *BODY_SPOILS),
    "hostile": (*_by_kind(HOSTILE_SPOILS), DUPLICATE_ID.kind),
}
KINDS = tuple(kind for kinds in GROUPS.values() for kind in kinds)
