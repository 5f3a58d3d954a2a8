"""The columns of a table, made from the contracts of what goes into it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from event_processor.contracts.contract import Contract
from event_processor.contracts.nodes import Node, Nodes
from event_processor.contracts.streams import Stream, Template
from event_processor.errors import SettingsError

LONGEST_TEXT: Final = 65_535
"""The most bytes of a text in Redshift; it holds for every warehouse, so that all of them have the same rows."""
_LONGEST_NAME: Final = 127
_DEFAULT_SCHEMA: Final = "public"
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER: Final = re.compile(r"[^a-z0-9_]+")


class Kind(StrEnum):
    """What a column holds; each dialect has a type for it (`ddl`)."""

    TEXT = "text"
    UUID = "uuid"  # a text of 36 characters
    INTEGER = "integer"  # 64 bits
    NUMBER = "number"  # a double
    BOOLEAN = "boolean"
    TIME = "time"  # UTC, microseconds
    DATE = "date"
    JSON = "json"
    ANY = "any"  # a text as it is, anything else as JSON: nothing is known of the field


_WITH_A_LENGTH: Final = frozenset({Kind.TEXT, Kind.UUID, Kind.JSON, Kind.ANY})
_SAYS_NOTHING: Final = frozenset({"title", "description", "$comment", "deprecated", "x-column", "x-pii", "x-max-bytes"})
_BY_FORMAT: Final = {"uuid": Kind.UUID, "date-time": Kind.TIME, "date": Kind.DATE}
_BY_TYPES: Final = {
    frozenset[str](): Kind.TEXT,  # only null, so far
    frozenset({"string"}): Kind.TEXT,
    frozenset({"integer"}): Kind.INTEGER,
    frozenset({"integer", "number"}): Kind.NUMBER,
    frozenset({"boolean"}): Kind.BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class Column:
    """`max_bytes` counts UTF-8, of kinds that are text. `path` leads to the value in a record; empty: all of it."""

    name: str
    kind: Kind
    not_null: bool = False
    max_bytes: int | None = None
    path: tuple[str, ...] = ()


SHARD: Final = Column("_shard", Kind.TEXT, True, 128)
SEQUENCE: Final = Column("_sequence", Kind.TEXT, True, 129)
ARRIVED: Final = Column("_arrived", Kind.TIME, True)
OWN: Final = (SHARD, SEQUENCE, ARRIVED)
"""The last columns of each table: where the record stands in its stream, and when it arrived there."""
DATA: Final = Column("data", Kind.JSON, True, LONGEST_TEXT)
"""The whole record, where several subjects share a table."""
PROCESSED_AT: Final = Column("processed_at", Kind.TIME, path=("processed_at",))
WRITTEN_ANEW: Final = ("processed_at", "sentAt", "_metadata")
"""Members that are others when a record is sent again: the first by `run`, the others by clients of Segment."""
_ANEW: Final = [(name,) for name in WRITTEN_ANEW]
_OF_EVENTS: Final = (  # what `run` writes around an event
    Column("event_id", Kind.UUID, True, 36, ("event_id",)),
    Column("submission_id", Kind.UUID, True, 36, ("submission_id",)),
    Column("device_id", Kind.UUID, True, 36, ("device_id",)),
    Column("sequence", Kind.INTEGER, True, None, ("sequence",)),
    Column("event_type", Kind.TEXT, True, 800, ("event_type",)),
    PROCESSED_AT,
    Column("time_created", Kind.TEXT, False, 255, ("time_created",)),  # local to the device: no point in time
)


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is `schema.table`. `id` is the column that makes a record the same when it comes again, if one does."""

    name: str
    columns: tuple[Column, ...]
    id: Column | None = None

    @property
    def compared(self) -> tuple[Column, ...]:
        """Those that two rows of one id must have in common, lest they contradict each other."""
        return tuple(each for each in self.columns if each not in OWN and each.path[:1] not in _ANEW)


def tables_of(stream: Stream, contracts: Mapping[str, Contract]) -> dict[str, Table]:
    """The table of each subject that the stream may have, by subject; none for a stream without `table`.

    Raises SettingsError if the stream's `table` takes parts of a record that its `contract` does not.
    """
    if stream.table is None:
        return {}
    named: dict[str, dict[str, Contract]] = {}
    for subject in sorted(contracts):
        parts = _parts_of(stream.contract, subject)
        if parts is not None:
            named.setdefault(table_name(stream, parts), {})[subject] = contracts[subject]
    found: dict[str, Table] = {}
    for name, members in named.items():
        table = _table(name, stream, list(members.values()))
        found |= dict.fromkeys(members, table)
    return found


def table_name(stream: Stream, parts: Mapping[tuple[str, ...], str]) -> str:
    """`schema.table`, in letters that need no quotes. Raises SettingsError; see `tables_of`."""
    texts = []
    for part in stream.table.parts if stream.table else ():
        if part.fields and part.fields not in parts:
            allowed = f"parts of contract {stream.contract.text!r}"
            raise SettingsError(f"streams.{stream.name}.table: takes {{{'|'.join(part.fields)}}}; allowed: {allowed}")
        value = parts[part.fields] if part.fields else ""
        if value or not part.fields:
            texts.append(part.before + value + part.after)
    schema, dot, table = "/".join(texts).partition(".")
    return f"{identifier(schema)}.{identifier(table)}" if dot else f"{_DEFAULT_SCHEMA}.{identifier(schema)}"


def identifier(name: str) -> str:
    """A name in the letters that every warehouse takes: `messageId` is `message_id`."""
    found = _OTHER.sub("_", _WORDS.sub("_", name).lower()) or "_"
    return (f"_{found}" if found[0].isdecimal() else found)[:_LONGEST_NAME]


def _parts_of(template: Template, subject: str) -> dict[tuple[str, ...], str] | None:
    """What a subject has for each part of the template it was filled from; None if it is of another."""
    pattern = ""
    for part in reversed(template.parts):
        own = re.escape(part.before) + (f"(.+?){re.escape(part.after)}" if part.fields else "")
        pattern = f"(?:/{own}{pattern})?" if part.fields else f"/{own}{pattern}"
    found = re.fullmatch(pattern, f"/{subject}")
    if found is None:
        return None
    return dict(zip([part.fields for part in template.parts if part.fields], found.groups(""), strict=True))


def _table(name: str, stream: Stream, contracts: list[Contract]) -> Table:
    prefix = tuple(step.replace("~1", "/").replace("~0", "~") for step in stream.at.split("/")[1:])
    envelope = _envelope(stream) if prefix else ()
    of_each = [[*_columns_of(contract, prefix)] for contract in contracts]
    fields = {part.fields for part in stream.contract.parts} - {part.fields for part in stream.table.parts}  # type: ignore[union-attr]
    is_shared = bool(fields - {()})
    own = _common(of_each) if is_shared else of_each[0]
    columns = _named_apart([*envelope, *own, *([DATA] if is_shared else [])])
    by_path = {each.path: each for each in columns}
    identity = by_path.get((stream.id,)) if stream.id else None
    if stream.id and identity is None:
        identity = _named_apart([*columns, _text(stream.id)])[-1]
        columns.append(identity)
    return Table(name, (*columns, *OWN), identity)


def _envelope(stream: Stream) -> tuple[Column, ...]:
    """What stands around the part that the contract is about: that of `run`, or what the streams file names of it."""
    if stream.contract.text == "event/{event_type}":
        return _OF_EVENTS
    of_subject = [field for part in stream.contract.parts for field in part.fields]
    names = dict.fromkeys([name for name in (stream.id, stream.partition_key, *of_subject) if name])
    return (*map(_text, names), PROCESSED_AT)


def _text(field: str) -> Column:
    return Column(identifier(field), Kind.TEXT, False, LONGEST_TEXT, (field,))


def _common(of_each: list[list[Column]]) -> list[Column]:
    """Those that all of them have alike, wide enough for each."""
    first, *others = ({(each.path, each.name, each.kind): each for each in columns} for columns in of_each)
    found = []
    for key, column in first.items():
        alike = [column, *(other[key] for other in others if key in other)]
        if len(alike) == len(of_each):
            widest = max((each.max_bytes or 0 for each in alike), default=0) or None
            found.append(replace(column, not_null=all(each.not_null for each in alike), max_bytes=widest))
    return found


def _named_apart(columns: list[Column]) -> list[Column]:
    """Each name once, the envelope's first; our own are taken."""
    taken = {each.name for each in OWN}
    found = []
    for column in columns:
        name, count = column.name, 1
        while name in taken:
            count += 1
            name = f"{column.name[: _LONGEST_NAME - 8]}_{count}"
        taken.add(name)
        found.append(replace(column, name=name))
    return found


class _Field(NamedTuple):
    """A property: its schema as written, the same in the common form, and whether an object must have it."""

    name: str
    written: Mapping[str, Any]
    node: Node
    required: bool


def _columns_of(contract: Contract, prefix: tuple[str, ...]) -> Iterator[Column]:
    nodes = Nodes(contract.document, {})
    for field in _fields(nodes, nodes.root):
        if field.written.get("x-column") is not False:
            yield _column(nodes, field, prefix, field.required)
        yield from _below(nodes, field, prefix, field.required)


def _below(nodes: Nodes, field: _Field, above: tuple[str, ...], required: bool) -> Iterator[Column]:
    """Columns that parts of a nested value have of their own, since the contract says so."""
    path = (*above, field.name)
    node, can_be_null = _without_null(nodes, field.node)
    for each in _fields(nodes, node):
        is_there = required and each.required and not can_be_null
        if each.written.get("x-column"):
            yield _column(nodes, each, path, is_there)
        yield from _below(nodes, each, path, is_there)


def _column(nodes: Nodes, field: _Field, above: tuple[str, ...], required: bool) -> Column:
    node, can_be_null = _without_null(nodes, field.node)
    path = (*above, field.name)
    name = field.written.get("x-column")
    kind = _kind(node, field.written)
    most = (node.keywords or {}).get("x-max-bytes", LONGEST_TEXT)
    most = 36 if kind is Kind.UUID else min(most, LONGEST_TEXT) if kind in _WITH_A_LENGTH else None
    spelled = identifier(name if isinstance(name, str) else "_".join(path) if name else field.name)
    return Column(spelled, kind, required and not can_be_null, most, path)


def _fields(nodes: Nodes, node: Node) -> Iterator[_Field]:
    """The properties that a schema names, and those it has from others that must hold as well."""
    members = [
        node,
        *(nodes.below(node, "allOf", str(at)) for at in range(len((node.keywords or {}).get("allOf", ())))),
    ]
    required = {name for member in members for name in (member.keywords or {}).get("required", ())}
    seen: set[str] = set()
    for member in members:
        for name, schema in (member.keywords or {}).get("properties", {}).items():
            if name not in seen and schema is not False:
                seen.add(name)
                below = nodes.below(member, "properties", name)
                written = {**(below.keywords or {}), **(schema if isinstance(schema, Mapping) else {})}
                yield _Field(name, written, below, name in required)


def _without_null(nodes: Nodes, node: Node) -> tuple[Node, bool]:
    """The one alternative beside null, if that is how a schema says that it may be null; whether it may."""
    for keyword in ("anyOf", "oneOf"):
        count = len((node.keywords or {}).get(keyword, ()))
        members = [nodes.below(node, keyword, str(at)) for at in range(count)]
        others = [each for each in members if each.types != {"null"}]
        if len(others) == 1:
            return others[0], len(members) > 1 or "null" in others[0].types
    return node, "null" in node.types


def _kind(node: Node, written: Mapping[str, Any]) -> Kind:
    kind = _BY_TYPES.get(node.types - {"null"}, Kind.JSON)
    if kind is Kind.JSON and _SAYS_NOTHING.issuperset(node.keywords or {}):
        return Kind.ANY
    if kind is not Kind.TEXT:
        return kind
    return Kind.TIME if written.get("x-time") else _BY_FORMAT.get((node.keywords or {}).get("format", ""), Kind.TEXT)
