"""A record as a row of its table, or what does not fit the columns. Pure."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import orjson

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Accepted, Refused
from event_processor.json_document import escaped
from event_processor.lake.columns import DATA, OWN, Column, Kind, Table
from event_processor.verdict import Fault, Reason, Stage

_INTEGERS: Final = range(-(2**63), 2**63)
_DAY_SECONDS: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WITHOUT_OFFSET: Final = _EPOCH.replace(tzinfo=None)
_FIRST: Final = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST: Final = (datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC) - _EPOCH) // timedelta(microseconds=1)


class _UnfitError(Exception):
    """A value does not fit: the reason, what is wrong, and what would fit."""

    def __init__(self, reason: Reason, detail: str, expected: str) -> None:
        super().__init__(reason, detail, expected)


class Rows:
    """Makes rows of one table. Keeps nothing of them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._plan = [(each, each.path[0], each.path[1:], _CONVERT[each.kind]) for each in table.columns if each.path]
        self._data_at = next((at for at, each in enumerate(table.columns) if not each.path and each not in OWN), None)

    def row(self, shard: str, record: StreamRecord, accepted: Accepted) -> tuple[Any, ...] | Refused:
        """The values in the order of the columns: texts as `str` or in UTF-8, times in microseconds, dates in days.

        Refused at the stage `load`, with all that does not fit, each with table and column.
        """
        record_value = accepted.value
        row: list[Any] = []
        faults: list[Fault] = []
        for column, name, below, convert in self._plan:
            value = record_value.get(name)
            for step in below:
                value = value.get(step) if isinstance(value, Mapping) else None
            if value is not None:
                try:
                    value = convert(value, column)
                except _UnfitError as unfit:
                    faults.append(self._fault(column, *unfit.args))
            elif column.not_null:
                faults.append(
                    self._fault(column, Reason.MISSING_FIELD, "is NOT NULL, and there is no value", "a value")
                )
            row.append(value)
        if self._data_at is not None:
            try:
                row.insert(self._data_at, _fitting(record.data, DATA))
            except _UnfitError as unfit:
                faults.append(self._fault(DATA, *unfit.args))
        if faults:
            return Refused(Stage.LOAD, tuple(faults), accepted.subject, accepted.version, accepted.sender)
        return (*row, shard, record.sequence, microseconds(record.arrived))

    def _fault(self, column: Column, reason: Reason, detail: str, expected: str) -> Fault:
        pointer = "".join(f"/{escaped(step)}" for step in column.path)
        return Fault(reason, pointer, f"{self._table.name}.{column.name}: {detail}", expected)


def microseconds(moment: datetime) -> int:
    """Since 1970; a time without an offset is UTC. Raises OverflowError for one that is of another year than it says.

    Of those at the ends of the calendar some are, in UTC, of the year 0 or 10,000.
    """
    since = moment - (_EPOCH if moment.tzinfo else _EPOCH_WITHOUT_OFFSET)
    found = (since.days * _DAY_SECONDS + since.seconds) * 1_000_000 + since.microseconds
    if not _FIRST <= found <= _LAST:
        raise OverflowError
    return found


def _fitting(text: bytes, column: Column) -> bytes:
    """JSON has no U+0000 that is not escaped."""
    most = column.max_bytes or 0
    if len(text) > most:
        raise _UnfitError(Reason.LENGTH, f"{len(text):,} bytes", f"at most {most:,} bytes of UTF-8")
    return text


def _text(value: Any, column: Column) -> str:
    if not isinstance(value, str):
        raise _UnfitError(Reason.WRONG_TYPE, "the value is not text", "a text")
    most = column.max_bytes or 0
    if 4 * len(value) > most and (size := len(value) if value.isascii() else len(value.encode())) > most:
        raise _UnfitError(Reason.LENGTH, f"{size:,} bytes", f"at most {most:,} bytes of UTF-8")
    if "\0" in value:
        raise _UnfitError(Reason.FORMAT, "U+0000 in a text", "a text without U+0000")
    return value


def _integer(value: Any, _column: Column) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise _UnfitError(Reason.WRONG_TYPE, "the value is not an integer", "an integer")
    if (found := int(value)) not in _INTEGERS:
        raise _UnfitError(Reason.OUT_OF_RANGE, "more than 64 bits", "an integer of 64 bits")
    return found


def _number(value: Any, _column: Column) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _UnfitError(Reason.WRONG_TYPE, "the value is not a number", "a number")
    try:
        return float(value)
    except OverflowError:
        raise _UnfitError(Reason.OUT_OF_RANGE, "more than a double holds", "a number that a double holds") from None


def _boolean(value: Any, _column: Column) -> bool:
    if not isinstance(value, bool):
        raise _UnfitError(Reason.WRONG_TYPE, "the value is neither true nor false", "true or false")
    return value


def _time(value: Any, _column: Column) -> int:
    try:
        return microseconds(datetime.fromisoformat(value if value[-1:] != "z" else value.upper()))
    except (TypeError, ValueError, OverflowError):
        expected = "a date and time in ISO 8601; without an offset it is UTC"
        raise _UnfitError(Reason.NOT_A_TIME, "the value is not a time", expected) from None


def _date(value: Any, _column: Column) -> int:
    try:
        return date.fromisoformat(value).toordinal() - _EPOCH.toordinal()
    except (TypeError, ValueError):
        raise _UnfitError(Reason.NOT_A_TIME, "the value is not a date", "a date in ISO 8601") from None


def _json(value: Any, column: Column) -> str:
    try:
        return _fitting(orjson.dumps(value), column).decode()  # which orjson leaves in a buffer of 4 KB
    except TypeError:  # an integer of more than 64 bits
        return _fitting(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), column).decode()


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
