"""Redshift's Data API without Redshift: its SQL is read as Redshift's by sqlglot, and run by DuckDB.

Where DuckDB is more lenient it is as strict as Redshift: texts have the bytes of their columns, COPY takes the columns
of a file by place and type, temporary tables end with their batch, and a token stands for one outcome.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import botocore.session
import duckdb
import sqlglot
from botocore.validate import validate_parameters
from sqlglot import exp

from tests.warehouses import MemoryFiles

LOCATION: Final = "s3://lake/below"
_MODEL: Final = botocore.session.get_session().get_service_model("redshift-data")
_KINDS: Final = {"BIGINT": "int8", "INTEGER": "int4", "TIMESTAMP": "timestamp", "DOUBLE": "float8", "BOOLEAN": "bool"}
_PARQUET: Final = {
    "VARCHAR": {"VARCHAR", "CHAR"}, "BIGINT": {"BIGINT"}, "DOUBLE": {"DOUBLE PRECISION"}, "BOOLEAN": {"BOOLEAN"},
    "TIMESTAMP": {"TIMESTAMP"}, "DATE": {"DATE"},
}  # fmt: skip
_CATALOG: Final = {"VARCHAR": "character varying", "CHAR": "character", "TIMESTAMP": "timestamp without time zone"}


class Has(NamedTuple):
    """A column as Redshift has it."""

    type: str
    size: int | None
    not_null: bool


class RefusedError(Exception):
    """What Redshift would say."""


class RedshiftStandIn:
    """The client `redshift-data` of boto3; whoever asks in another shape than the service has is told."""

    def __init__(self, files: MemoryFiles) -> None:
        self._files = files
        self._database = duckdb.connect(":memory:")
        self._columns: dict[str, dict[str, Has]] = {}
        self._temporary: list[str] = []
        self._told: dict[str, dict[str, Any]] = {}
        self._results: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
        self._names: dict[str, list[str]] = {}
        self._tokens: dict[str, str] = {}
        self.batches: list[list[str]] = []

    def batch_execute_statement(self, **asked: Any) -> dict[str, Any]:
        """All or none."""
        self._checked("BatchExecuteStatement", asked)
        assert 1 <= len(asked["Sqls"]) <= 40, f"{len(asked['Sqls'])} statements"
        token = asked["ClientToken"]
        if token not in self._tokens:
            self.batches.append(asked["Sqls"])
            self._tokens[token] = self._done(asked["Sqls"], {})
        return {"Id": self._tokens[token]}

    def execute_statement(self, **asked: Any) -> dict[str, Any]:
        """One."""
        self._checked("ExecuteStatement", asked)
        named = {each["name"]: each["value"] for each in asked.get("Parameters", [])}
        return {"Id": self._done([asked["Sql"]], named)}

    def describe_statement(self, **asked: Any) -> dict[str, Any]:
        """First it runs, then it has ended."""
        self._checked("DescribeStatement", asked)
        told = self._told[asked["Id"]]
        if not told.setdefault("asked", False):
            told["asked"] = True
            return {"Id": asked["Id"], "Status": "STARTED"}
        return {name: value for name, value in told.items() if name != "asked"}

    def get_statement_result(self, **asked: Any) -> dict[str, Any]:
        """Two rows a page."""
        self._checked("GetStatementResult", asked)
        kinds, rows = self._results[asked["Id"]]
        at = int(asked.get("NextToken", "0"))
        page = [[_field(value) for value in row] for row in rows[at : at + 2]]
        more = {"NextToken": str(at + 2)} if at + 2 < len(rows) else {}
        names = self._names.get(asked["Id"], [""] * len(kinds))
        columns = [{"typeName": kind, "label": name} for kind, name in zip(kinds, names, strict=True)]
        return {"Records": page, "ColumnMetadata": columns, **more}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """What a reader of the database sees."""
        return self._database.execute(sql).fetchall()

    def _checked(self, operation: str, asked: Mapping[str, Any]) -> None:
        shape = _MODEL.operation_model(operation).input_shape
        assert shape is not None
        validate_parameters(asked, shape)
        if "Id" not in asked:
            assert (asked["WorkgroupName"], asked["Database"]) == ("analytics", "dev")

    def _done(self, sqls: Sequence[str], named: Mapping[str, str]) -> str:
        identity = f"statement-{len(self._told)}"
        told: dict[str, Any] = {"Id": identity, "Status": "FINISHED", "HasResultSet": False}
        columns = {name: dict(found) for name, found in self._columns.items()}
        self._database.execute("BEGIN")
        try:
            for sql in sqls:
                self._run(sql, named, identity, told)
                if sql.startswith(("ALTER", "UPDATE")):  # DuckDB cannot write to a table that it has just altered
                    self._database.execute("COMMIT")
                    self._database.execute("BEGIN")
            self._database.execute("COMMIT")
        except (RefusedError, duckdb.Error, sqlglot.ParseError) as error:
            self._database.execute("ROLLBACK")
            self._columns = columns
            self._temporary = []
            told |= {"Status": "FAILED", "Error": f"ERROR: {error}"}
        for name in self._temporary:
            self._database.execute(f"DROP TABLE IF EXISTS {name}")
            self._columns.pop(name, None)
        self._temporary = []
        self._told[identity] = told
        return identity

    def _run(self, sql: str, named: Mapping[str, str], identity: str, told: dict[str, Any]) -> None:
        if re.fullmatch(r'LOCK ("\w+"\.)?"\w+"', sql):
            return
        for name, value in named.items():
            sql = sql.replace(f":{name}", "'" + value.replace("'", "''") + "'")
        (statement,) = sqlglot.parse(sql, read="redshift")
        assert statement is not None
        if isinstance(statement, exp.Copy):
            self._copy(sql, statement)
            return
        if isinstance(statement, exp.Create):
            self._note_created(statement)
        elif isinstance(statement, exp.Alter):
            self._note_altered(sql)
        transpiled = statement.sql(dialect="duckdb")
        if "svv_columns" in sql.lower():
            self._results[identity] = self._catalog()
            told["HasResultSet"] = True
            return
        result = self._database.execute(_for_duckdb(transpiled))
        if isinstance(statement, exp.Insert):
            self._check_lengths(statement.this.find(exp.Table))
        if isinstance(statement, exp.Select):
            kinds = [_KINDS.get(str(each[1]), "varchar") for each in result.description or []]
            self._results[identity] = (kinds, result.fetchall())
            self._names[identity] = [str(each[0]) for each in result.description or []]
            told["HasResultSet"] = True

    def _copy(self, sql: str, statement: exp.Copy) -> None:
        found = re.fullmatch(r"COPY (\w+) FROM '([^']+)' IAM_ROLE default FORMAT AS PARQUET MANIFEST", sql)
        if found is None:
            raise RefusedError(f"no COPY of Parquet by manifest: {statement}")
        table, manifest = found.groups()
        for entry in json.loads(self._files.get(_name(manifest)))["entries"]:
            content = self._files.get(_name(entry["url"]))
            if not entry["mandatory"] or entry["meta"]["content_length"] != len(content):
                raise RefusedError(f"{entry['url']}: content_length")
            with TemporaryDirectory() as folder:
                path = Path(folder, "file.parquet")
                path.write_bytes(content)
                described = self._database.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
                wanted = list(self._columns[table].values())
                if len(described) != len(wanted):
                    raise RefusedError(f"{table}: the file has {len(described)} columns, the table {len(wanted)}")
                for (name, kind, *_), has in zip(described, wanted, strict=True):
                    if has.type not in _PARQUET[kind]:
                        raise RefusedError(f"{name}: incompatible Parquet schema: {kind} for {has.type}")
                self._database.execute(f"INSERT INTO {table} SELECT * FROM read_parquet('{path}')")
        self._check_lengths(exp.to_table(table))

    def _note_created(self, statement: exp.Create) -> None:
        if statement.kind != "TABLE":
            return
        schema = statement.this
        table = _plain(schema.find(exp.Table))
        if statement.find(exp.TemporaryProperty):
            self._temporary.append(table)
        if table in self._columns or not isinstance(schema, exp.Schema):
            return
        self._columns[table] = {}
        for column in schema.find_all(exp.ColumnDef):
            kind = column.args["kind"]
            not_null = any(isinstance(each.kind, exp.NotNullColumnConstraint) for each in column.constraints)
            self._columns[table][column.name] = _has(kind.sql(dialect="redshift"), not_null)

    def _note_altered(self, sql: str) -> None:
        """In the four forms that Redshift has."""
        found = re.fullmatch(
            r'ALTER TABLE ("\w+"\."\w+") (ADD COLUMN|DROP COLUMN|RENAME COLUMN|ALTER COLUMN) "(\w+)"(?: (.+))?', sql
        )
        if found is None:
            raise RefusedError(f"no ALTER TABLE of Redshift: {sql}")
        table, what, name, rest = found.groups()
        columns = self._columns[table.replace('"', "")]
        if what == "ADD COLUMN":
            columns[name] = _has(rest, not_null=False)
        elif what == "DROP COLUMN":
            del columns[name]
        elif what == "RENAME COLUMN":
            columns[rest.removeprefix("TO ").strip('"')] = columns.pop(name)
        else:
            wider = re.fullmatch(r"TYPE VARCHAR\((\d+)\)", rest)
            if wider is None or columns[name].type != "VARCHAR":
                raise RefusedError("only the length of a VARCHAR can be altered")
            columns[name] = columns[name]._replace(size=int(wider[1]))

    def _check_lengths(self, table: exp.Expression | None) -> None:
        name = _plain(table)
        for column, has in self._columns.get(name, {}).items():
            if has.size and self._database.execute(
                f'SELECT count(*) FROM {name} WHERE strlen(CAST("{column}" AS VARCHAR)) > {has.size}'
            ).fetchall() != [(0,)]:
                raise RefusedError(f"value too long for type {has.type}({has.size}): {name}.{column}")

    def _catalog(self) -> tuple[list[str], list[tuple[Any, ...]]]:
        rows = [
            (
                *table.split("."),
                name,
                _CATALOG.get(has.type, has.type.lower()),
                "NO" if has.not_null else "YES",
                has.size,
            )
            for table, columns in self._columns.items()
            for name, has in columns.items()
        ]
        return ["varchar"] * 5 + ["int4"], rows


def _has(spelled: str, not_null: bool) -> Has:
    found = re.fullmatch(r"([A-Z ]+?)(?:\((\d+)\))?", spelled)
    assert found, spelled
    return Has({"DOUBLE": "DOUBLE PRECISION"}.get(found[1], found[1]), int(found[2]) if found[2] else None, not_null)


def _plain(table: exp.Expression | None) -> str:
    assert isinstance(table, exp.Table)
    return f"{table.db}.{table.name}" if table.db else table.name


def _name(url: str) -> str:
    assert url.startswith(f"{LOCATION}/"), url
    return url.removeprefix(f"{LOCATION}/")


def _for_duckdb(sql: str) -> str:
    """What sqlglot leaves of Redshift: where a row lies, and how it is sorted."""
    return re.sub(r"\s*(DISTSTYLE AUTO|DISTKEY ?\([^)]*\)|SORTKEY ?\([^)]*\))", "", sql)


def _field(value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}
