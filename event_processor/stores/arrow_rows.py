"""Rows as DuckDB reads them out of our memory, by the Arrow C data interface, which needs no library.

Rows of JSON would have to be written, escaped and parsed again: twice the CPU, and a record of JSON text twice in full.
The structures and their names are those of https://arrow.apache.org/docs/format/CDataInterface.html and
CStreamInterface.html.
"""

import ctypes
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

from event_processor.lake.columns import Column, Kind, Table

_TEXT: Final = "U"  # its ends are of 64 bits
_NULLABLE: Final = 2
_FORMATS: Final = {
    Kind.INTEGER: "l",
    Kind.NUMBER: "g",
    Kind.BOOLEAN: "b",
    Kind.TIME: "tsu:",
    Kind.DATE: "tdD",
}
_CODES: Final = {Kind.INTEGER: "q", Kind.NUMBER: "d", Kind.TIME: "q", Kind.DATE: "i"}


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_ReleaseSchema: Final = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))
_ReleaseArray: Final = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))
_ReleaseStream: Final = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))
_GetSchema: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))
_GetNext: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))
_GetLastError: Final = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))

_Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_char_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)), ("release", _ReleaseSchema), ("private_data", ctypes.c_void_p),
]  # fmt: skip
_Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))), ("dictionary", ctypes.POINTER(_Array)),
    ("release", _ReleaseArray), ("private_data", ctypes.c_void_p),
]  # fmt: skip
_Stream._fields_ = [
    ("get_schema", _GetSchema), ("get_next", _GetNext), ("get_last_error", _GetLastError), ("release", _ReleaseStream),
    ("private_data", ctypes.c_void_p),
]  # fmt: skip

_release_schema: Final = _ReleaseSchema(lambda schema: _released(schema, _ReleaseSchema()))
_release_array: Final = _ReleaseArray(lambda rows: _released(rows, _ReleaseArray()))
_release_stream: Final = _ReleaseStream(lambda stream: _released(stream, _ReleaseStream()))
_no_error: Final = _GetLastError(lambda _stream: None)
_new_capsule: Final = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class _Buffers(NamedTuple):
    """Of one column: its values, where each of them ends if they are texts, and which there are, if not all."""

    present: bytes | None
    nulls: int
    values: tuple[Any, ...]


class ArrowRows:
    """Rows that `lake.values` made, one array a column. To be kept for as long as a statement reads them."""

    def __init__(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        self._kept: list[Any] = []
        columns = zip(*rows, strict=True) if rows else [()] * len(table.columns)
        made = [_buffers(column, values) for column, values in zip(table.columns, columns, strict=True)]
        self.size_bytes = sum(len(each) for of in made for each in of.values if isinstance(each, bytes))
        self._rows = self._array(len(rows), 0, [None], [self._column(len(rows), each) for each in made])
        self._schema = self._of_schema("+s", "", [self._of_column(each) for each in table.columns])

    def stream(self) -> Any:
        """One batch, for one statement, in a capsule: of other objects DuckDB asks PyArrow, if that is installed."""
        callbacks = (*_callbacks(self._schema, self._rows), _no_error, _release_stream)
        stream = _Stream(*callbacks, None)
        self._kept += [callbacks, stream]
        return _new_capsule(ctypes.addressof(stream), b"arrow_array_stream", None)

    def _column(self, length: int, of: _Buffers) -> _Array:
        return self._array(length, of.nulls, [of.present, *of.values])

    def _array(self, length: int, nulls: int, buffers: Sequence[Any], children: Sequence[_Array] = ()) -> _Array:
        addresses = (ctypes.c_void_p * len(buffers))(*map(_address, buffers))
        below = (ctypes.POINTER(_Array) * len(children))(*map(ctypes.pointer, children))
        self._kept += [buffers, addresses, children, below]
        return _Array(length, nulls, 0, len(buffers), len(children), addresses, below, None, _release_array, None)

    def _of_column(self, column: Column) -> _Schema:
        return self._of_schema(_FORMATS.get(column.kind, _TEXT), column.name)

    def _of_schema(self, spelled: str, name: str, children: Sequence[_Schema] = ()) -> _Schema:
        below = (ctypes.POINTER(_Schema) * len(children))(*map(ctypes.pointer, children))
        self._kept += [children, below]
        return _Schema(
            spelled.encode(), name.encode(), None, _NULLABLE, len(children), below, None, _release_schema, None
        )


def _callbacks(schema: _Schema, rows: _Array) -> tuple[Any, Any]:
    """They know nothing of who keeps them: in a circle all rows would stay until Python looks for circles."""
    left = [rows]

    def get_schema(_stream: object, found: Any) -> int:
        found[0] = schema
        return 0

    def get_next(_stream: object, found: Any) -> int:
        found[0] = left.pop() if left else _Array()
        return 0

    return _GetSchema(get_schema), _GetNext(get_next)


def _released(structure: Any, nothing: Any) -> None:
    """What it points at is Python's, and goes with it."""
    structure.contents.release = nothing


def _address(buffer: "bytes | array[Any] | None") -> int | None:
    if isinstance(buffer, array):
        return buffer.buffer_info()[0]
    return None if buffer is None else ctypes.cast(ctypes.c_char_p(buffer), ctypes.c_void_p).value


def _buffers(column: Column, values: tuple[Any, ...]) -> _Buffers:
    present, nulls = None, 0
    if None in values:
        present, nulls = _bits([value is not None for value in values]), values.count(None)
    code = _CODES.get(column.kind)
    if code:
        return _Buffers(present, nulls, (array(code, [value or 0 for value in values] if nulls else values),))
    if column.kind is Kind.BOOLEAN:
        return _Buffers(present, nulls, (_bits(values),))
    return _Buffers(present, nulls, _texts(values))


def _texts(values: Sequence[Any]) -> "tuple[array[int], bytes]":
    """Where each ends, and all of them. Most columns are of ASCII and whole, where a text has as many bytes."""
    try:
        joined = "".join(values)
        if joined.isascii():
            return _ends(values), joined.encode()
    except TypeError:  # some are missing, or in UTF-8 already
        pass
    encoded = [value if isinstance(value, bytes) else value.encode() if value else b"" for value in values]
    return _ends(encoded), b"".join(encoded)


def _ends(texts: Sequence[Any]) -> "array[int]":
    return array("q", [0, *accumulate(map(len, texts))])


def _bits(flags: Sequence[Any]) -> bytes:
    """The first is the lowest bit of the first byte."""
    digits = "".join(["1" if flag else "0" for flag in reversed(flags)])
    return int(digits or "0", 2).to_bytes(len(flags) // 8 + 1, "little")
