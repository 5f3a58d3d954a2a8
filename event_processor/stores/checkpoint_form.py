"""How origins and positions are written: the same fields in files and in tables."""

from collections.abc import Mapping
from datetime import UTC, datetime

from event_processor.consuming.ports import Origin
from event_processor.consuming.records import LONGEST_SEQUENCE, Position


def origin_json(origin: Origin) -> dict[str, str]:
    """Without what is not known."""
    return _written(created=origin.created, since=origin.since)


def origin_from(found: object) -> Origin:
    """Raises ValueError for what is no origin."""
    fields = _fields(found)
    created = _time(fields, "created")
    if created is None:
        raise ValueError("created is missing")
    return Origin(created, _time(fields, "since"))


def position_json(position: Position) -> dict[str, str | bool]:
    """Without what is not known."""
    sequence = {} if position.sequence is None else {"sequence": position.sequence}
    return {**sequence, **_written(until=position.until), "ended": position.ended}


def position_from(found: object) -> Position:
    """Raises ValueError for what is not a position."""
    fields = _fields(found)
    sequence, ended = fields.get("sequence"), fields.get("ended")
    is_number = isinstance(sequence, str) and sequence.isdecimal() and len(sequence) <= LONGEST_SEQUENCE
    if not (sequence is None or is_number) or not isinstance(ended, bool):
        raise ValueError("not a position in a shard")
    return Position(None if sequence is None else str(sequence), _time(fields, "until"), ended)


def _written(**times: datetime | None) -> dict[str, str]:
    return {name: time.astimezone(UTC).isoformat() for name, time in times.items() if time is not None}


def _fields(found: object) -> Mapping[str, object]:
    if not isinstance(found, Mapping):
        raise ValueError("not an object")
    return found


def _time(fields: Mapping[str, object], name: str) -> datetime | None:
    found = fields.get(name)
    return None if found is None else datetime.fromisoformat(str(found)).astimezone(UTC)
