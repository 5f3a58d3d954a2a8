"""Holds a row against the record that it was made of, without its contract. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import orjson

from sensor_fleet.record import parse

Row = Mapping[str, Any]
OWN: Final = frozenset({"_shard", "_sequence", "_arrived"})
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER: Final = re.compile(r"[^a-z0-9_]+")


def digest_of(row: Row) -> bytes:
    """Equal for rows with equal values, whatever columns without a value they have."""
    values = {name: str(value) for name, value in row.items() if value is not None}
    return blake2b(orjson.dumps(values, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def differences(row: Row, data: bytes, arrived: str) -> Sequence[str]:
    """The columns whose value is not what the record has under that name, or anywhere, if under none."""
    record = parse(data) or {}
    inner = record.get("event_data")
    named = {_column(name): value for name, value in (inner.items() if isinstance(inner, dict) else ())}
    named |= {_column(name): value for name, value in record.items()}
    leaves = list(_leaves(record))
    wrong = [
        name
        for name, value in row.items()
        if name not in OWN and not _fits(value, [named[name]] if name in named else [record, None, *leaves])
    ]
    return wrong if _same(row["_arrived"], arrived) else [*wrong, "_arrived"]


def _column(name: str) -> str:
    return _OTHER.sub("_", _WORDS.sub("_", name).lower())


def _leaves(value: Any) -> Iterator[Any]:
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield below
        yield from _leaves(below)


def _fits(value: Any, wanted: Sequence[Any]) -> bool:
    return any(_same(value, each) for each in wanted)


def _same(value: Any, sent: Any) -> bool:
    if value is None or sent is None:
        return value is sent or bool(value == "null")
    if isinstance(value, datetime | date | UUID):
        return isinstance(sent, str) and _same_text(value, sent)
    if isinstance(value, str):
        return bool(value == sent or _parsed(value) == sent)
    is_alike = isinstance(value, bool) == isinstance(sent, bool)
    return bool(is_alike and isinstance(sent, int | float) and value == sent)


def _same_text(value: datetime | date | UUID, sent: str) -> bool:
    if isinstance(value, datetime):
        moment = datetime.fromisoformat(sent.upper())
        return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment) == value
    return str(value) == sent.lower()


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return text
