"""A record as a row of its table, or what does not fit the columns. Pure."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import orjson

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Accepted, Refused
from event_processor.json_document import escaped
from event_processor.lake.columns import ARRIVED, DATA, OWN, SEQUENCE, SHARD, Column, Kind, Table
from event_processor.verdict import Fault, Reason, Stage

_INTEGERS: Final = range(-(2**63), 2**63)


class _UnfitError(Exception):
    """A value does not fit: the reason, what is wrong, and what would fit."""

    def __init__(self, reason: Reason, detail: str, expected: str) -> None:
        super().__init__(reason, detail, expected)


class Rows:
    """Makes rows of one table. Keeps nothing of them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._plan = [
            (str(place), column, column.path[0], column.path[1:], _CONVERT[column.kind])
            for place, column in enumerate(table.columns)
            if column.path
        ]
        places = {column.name: str(place) for place, column in enumerate(table.columns)}
        self._shard, self._sequence, self._arrived = (places[each.name] for each in (SHARD, SEQUENCE, ARRIVED))
        self._data = next((places[each.name] for each in table.columns if not each.path and each not in OWN), None)

    def row(self, shard: str, record: StreamRecord, accepted: Accepted) -> bytes | Refused:
        """A line of JSON, which has the values by the places of their columns: times as ISO 8601, UTC, without offset.

        Refused at the stage `load`, with all that does not fit, each with table and column.
        """
        record_value = accepted.value
        row: dict[str, Any] = {}
        faults: list[Fault] = []
        for place, column, name, below, convert in self._plan:
            value = record_value.get(name)
            for step in below:
                value = value.get(step) if isinstance(value, Mapping) else None
            if value is not None:
                try:
                    row[place] = convert(value, column)
                except _UnfitError as unfit:
                    faults.append(self._fault(column, *unfit.args))
            elif column.not_null:
                faults.append(
                    self._fault(column, Reason.MISSING_FIELD, "is NOT NULL, and there is no value", "a value")
                )
        if self._data is not None:
            try:
                row[self._data] = _text(record.data.decode(), DATA)
            except _UnfitError as unfit:
                faults.append(self._fault(DATA, *unfit.args))
        if faults:
            return Refused(Stage.LOAD, tuple(faults), accepted.subject, accepted.version, accepted.sender)
        row[self._shard], row[self._sequence] = shard, record.sequence
        row[self._arrived] = record.arrived.astimezone(UTC).replace(tzinfo=None).isoformat()
        return orjson.dumps(row)

    def _fault(self, column: Column, reason: Reason, detail: str, expected: str) -> Fault:
        pointer = "".join(f"/{escaped(step)}" for step in column.path)
        return Fault(reason, pointer, f"{self._table.name}.{column.name}: {detail}", expected)


def _text(value: Any, column: Column) -> str:
    if not isinstance(value, str):
        raise _UnfitError(Reason.WRONG_TYPE, "the value is no text", "a text")
    most = column.max_bytes or 0
    if 4 * len(value) > most and (size := len(value) if value.isascii() else len(value.encode())) > most:
        raise _UnfitError(Reason.LENGTH, f"{size:,} bytes", f"at most {most:,} bytes of UTF-8")
    if "\0" in value:
        raise _UnfitError(Reason.FORMAT, "U+0000 in a text", "a text without U+0000")
    return value


def _integer(value: Any, _column: Column) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise _UnfitError(Reason.WRONG_TYPE, "the value is no integer", "an integer")
    if (found := int(value)) not in _INTEGERS:
        raise _UnfitError(Reason.OUT_OF_RANGE, "more than 64 bits", "an integer of 64 bits")
    return found


def _number(value: Any, _column: Column) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _UnfitError(Reason.WRONG_TYPE, "the value is no number", "a number")
    try:
        return float(value)
    except OverflowError:
        raise _UnfitError(Reason.OUT_OF_RANGE, "more than a double holds", "a number that a double holds") from None


def _boolean(value: Any, _column: Column) -> bool:
    if not isinstance(value, bool):
        raise _UnfitError(Reason.WRONG_TYPE, "the value is neither true nor false", "true or false")
    return value


def _time(value: Any, _column: Column) -> str:
    try:
        moment = datetime.fromisoformat(value if value[-1:] != "z" else value.upper())
        return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment).isoformat()
    except (TypeError, ValueError, OverflowError):
        expected = "a date and time in ISO 8601; without an offset it is UTC"
        raise _UnfitError(Reason.NOT_A_TIME, "the value is no time", expected) from None


def _date(value: Any, _column: Column) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise _UnfitError(Reason.NOT_A_TIME, "the value is no date", "a date in ISO 8601") from None


def _json(value: Any, column: Column) -> str:
    try:
        return _text(orjson.dumps(value).decode(), column)
    except TypeError:  # an integer of more than 64 bits
        return _text(json.dumps(value, separators=(",", ":"), ensure_ascii=False), column)


def _any(value: Any, column: Column) -> str:
    return _text(value, column) if isinstance(value, str) else _json(value, column)


_CONVERT: Final[Mapping[Kind, Callable[[Any, Column], Any]]] = {
    Kind.TEXT: _text,
    Kind.UUID: _text,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.TIME: _time,
    Kind.DATE: _date,
    Kind.JSON: _json,
    Kind.ANY: _any,
}
