"""Tables in the SQL of each warehouse, and what to change in one that is there. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from event_processor.json_document import escaped
from event_processor.lake.columns import Column, Kind, Table

Dialect = Literal["duckdb", "redshift"]
LISTED: Final = ("duckdb", "redshift", "athena", "glue")
_SPELLED: Final[Mapping[Dialect, Mapping[Kind, str]]] = {
    "duckdb": {
        Kind.TEXT: "VARCHAR", Kind.UUID: "VARCHAR", Kind.INTEGER: "BIGINT", Kind.NUMBER: "DOUBLE",
        Kind.BOOLEAN: "BOOLEAN", Kind.TIME: "TIMESTAMP", Kind.DATE: "DATE", Kind.JSON: "JSON",
        Kind.ANY: "VARCHAR",
    },
    "redshift": {
        Kind.TEXT: "VARCHAR", Kind.UUID: "CHAR", Kind.INTEGER: "BIGINT", Kind.NUMBER: "DOUBLE PRECISION",
        Kind.BOOLEAN: "BOOLEAN", Kind.TIME: "TIMESTAMP", Kind.DATE: "DATE", Kind.JSON: "VARCHAR",
        Kind.ANY: "VARCHAR",
    },
}  # fmt: skip
_OF_HIVE: Final = {
    Kind.TEXT: "string", Kind.UUID: "string", Kind.INTEGER: "bigint", Kind.NUMBER: "double",
    Kind.BOOLEAN: "boolean", Kind.TIME: "timestamp", Kind.DATE: "date", Kind.JSON: "string",
    Kind.ANY: "string",
}  # fmt: skip
_WITH_A_LENGTH: Final = frozenset({"VARCHAR", "CHAR"})
_FILES: Final = "_files"
_LONGEST_COMMENT: Final = 255  # of a column in Glue


class Present(NamedTuple):
    """A column that a warehouse has: its type as `ddl` spells it, the most bytes if the warehouse minds them."""

    type: str
    not_null: bool
    max_bytes: int | None = None


class Change(NamedTuple):
    """What one column of a table needs. `is_addition`: nothing that is there changes, so it is done without asking."""

    table: str
    column: str
    reason: str
    statements: tuple[str, ...]
    is_addition: bool = False


def quoted(name: str) -> str:
    """A name, or `schema.name`, as SQL has it; no other kind comes from `columns.identifier`."""
    return ".".join(f'"{part}"' for part in name.split("."))


def type_of(column: Column, dialect: Dialect) -> str:
    """The type of a column, its length included."""
    spelled = _SPELLED[dialect][column.kind]
    return f"{spelled}({column.max_bytes})" if spelled in _WITH_A_LENGTH and column.max_bytes else spelled


def _stored_as(column: Column, dialect: Dialect) -> str:
    """JSON by zstd in DuckDB, which would look for common parts of texts instead: a fifth of the CPU of a load, and two
    thirds of the file (measured). Other texts are short, and found faster as they are."""
    packed = " USING COMPRESSION zstd" if dialect == "duckdb" and column.kind is Kind.JSON else ""
    return type_of(column, dialect) + packed


def create_table(table: Table, dialect: Dialect) -> str:
    """Makes it if it is not there."""
    lines = [
        f"    {quoted(each.name)} {_stored_as(each, dialect)}{' NOT NULL' if each.not_null else ''}"
        for each in table.columns
    ]
    body = ",\n".join(lines)
    keys = f"\nDISTKEY ({quoted(table.id.name)})" if table.id else "\nDISTSTYLE AUTO"
    tail = f'{keys}\nSORTKEY ("_arrived")' if dialect == "redshift" else ""
    return f"CREATE TABLE IF NOT EXISTS {quoted(table.name)} (\n{body}\n){tail}"


def create_schema(table: Table) -> str:
    """Makes it if it is not there."""
    return f"CREATE SCHEMA IF NOT EXISTS {quoted(table.name.partition('.')[0])}"


def changes(table: Table, present: Mapping[str, Present], dialect: Dialect) -> Iterator[Change]:
    """What a table that is there needs before rows of this one can be put into it."""
    for column in table.columns:
        has = present.get(column.name)
        if has is None:
            sql = f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(column.name)} {_stored_as(column, dialect)}"
            yield Change(table.name, column.name, "is new", (sql,), is_addition=True)
        else:
            yield from _of_column(table, column, has, dialect)
    wanted = {column.name for column in table.columns}
    for name, has in present.items():
        if name not in wanted and has.not_null:
            spelled = f"{has.type}({has.max_bytes})" if has.max_bytes else has.type
            sqls = _nullable(table.name, name, spelled, dialect)
            yield Change(table.name, name, "is in the contract no more, and is NOT NULL", sqls)


def _of_column(table: Table, column: Column, has: Present, dialect: Dialect) -> Iterator[Change]:
    name, spelled = column.name, _SPELLED[dialect][column.kind]
    if has.type != spelled:
        reason = f"was {has.type}, is to be {type_of(column, dialect)}"
        sqls = _retyped(table.name, name, type_of(column, dialect), dialect)
        yield Change(table.name, name, reason, sqls)
        return
    if has.max_bytes and column.max_bytes and has.max_bytes < column.max_bytes:
        sql = f"ALTER TABLE {quoted(table.name)} ALTER COLUMN {quoted(name)} TYPE {type_of(column, dialect)}"
        yield Change(table.name, name, f"was of {has.max_bytes} bytes, is to be of {column.max_bytes}", (sql,))
    if has.not_null and not column.not_null:
        sqls = _nullable(table.name, name, type_of(column, dialect), dialect)
        yield Change(table.name, name, "was NOT NULL, may be missing now", sqls)


def _retyped(table: str, name: str, spelled: str, dialect: Dialect) -> tuple[str, ...]:
    if dialect == "duckdb":
        return (f"ALTER TABLE {quoted(table)} ALTER COLUMN {quoted(name)} SET DATA TYPE {spelled}",)
    return _copied(table, name, spelled)


def _nullable(table: str, name: str, spelled: str, dialect: Dialect) -> tuple[str, ...]:
    if dialect == "duckdb":
        return (f"ALTER TABLE {quoted(table)} ALTER COLUMN {quoted(name)} DROP NOT NULL",)
    return _copied(table, name, spelled)


def _copied(table: str, name: str, spelled: str) -> tuple[str, ...]:
    """Redshift changes neither type nor NOT NULL of a column that is there."""
    new, alter = quoted(f"{name}__new"), f"ALTER TABLE {quoted(table)}"
    return (
        f"{alter} ADD COLUMN {new} {spelled}",
        f"UPDATE {quoted(table)} SET {new} = CAST({quoted(name)} AS {spelled})",
        f"{alter} DROP COLUMN {quoted(name)}",
        f"{alter} RENAME COLUMN {new} TO {quoted(name)}",
    )


def one_row_each(table: Table, source: str, columns: str = "*") -> str:
    """A query that shows one row for each id, or for each record where none has an id, the first that arrived.

    Typed files keep repeats, and for a day after a compaction each record is in two of them.
    """
    record = '"_shard" || \'/\' || "_sequence"'
    same = f"COALESCE(CAST({quoted(table.id.name)} AS VARCHAR), {record})" if table.id else record
    order = '"_arrived", LENGTH("_sequence"), "_sequence"'
    ranked = f"SELECT *, ROW_NUMBER() OVER (PARTITION BY {same} ORDER BY {order}) AS _place FROM {source}"
    return f"SELECT {columns} FROM ({ranked}) AS ranked WHERE _place = 1"


def names_of(table: Table) -> str:
    """All columns, as a query lists them."""
    return ", ".join(quoted(each.name) for each in table.columns)


def athena(table: Table, location: str) -> list[str]:
    """The files below a location as an external table, its partitions by rule, and the view to query."""
    schema, _, name = table.name.partition(".")
    columns = ",\n".join(f"    `{each.name}` {_OF_HIVE[each.kind]}" for each in table.columns)
    properties = ",\n".join(f"    '{key}' = '{value}'" for key, value in _projection(location).items())
    external = (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{schema}`.`{name}{_FILES}` (\n{columns}\n)\n"
        f"PARTITIONED BY (`dt` string, `hh` string)\nSTORED AS PARQUET\nLOCATION '{location}'\n"
        f"TBLPROPERTIES (\n{properties}\n)"
    )
    view = one_row_each(table, quoted(table.name + _FILES), f"{names_of(table)}, dt, hh")
    return [external, f"CREATE OR REPLACE VIEW {quoted(table.name)} AS\n{view}"]


def glue(table: Table, location: str) -> str:
    """The same external table as a `TableInput` of Glue, in JSON. A comment says where in a record the value is."""
    parquet = "org.apache.hadoop.hive.ql.io.parquet"
    found: dict[str, Any] = {
        "Name": table.name.partition(".")[2] + _FILES,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", **_projection(location)},
        "PartitionKeys": [{"Name": "dt", "Type": "string"}, {"Name": "hh", "Type": "string"}],
        "StorageDescriptor": {
            "Columns": [_of_glue(each) for each in table.columns],
            "Location": location,
            "InputFormat": f"{parquet}.MapredParquetInputFormat",
            "OutputFormat": f"{parquet}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{parquet}.serde.ParquetHiveSerDe"},
        },
    }
    return json.dumps(found, indent=2)


def _of_glue(column: Column) -> dict[str, str]:
    found = {"Name": column.name, "Type": _OF_HIVE[column.kind]}
    pointer = "".join(f"/{escaped(step)}" for step in column.path)
    return {**found, "Comment": pointer} if 0 < len(pointer) <= _LONGEST_COMMENT else found


def _projection(location: str) -> dict[str, str]:
    """Athena makes the partitions up by these rules, so nobody has to look for new ones."""
    return {
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "NOW-10YEARS,NOW",
        "projection.hh.type": "integer",
        "projection.hh.range": "0,23",
        "projection.hh.digits": "2",
        "storage.location.template": location + "dt=${dt}/hh=${hh}/",
    }
