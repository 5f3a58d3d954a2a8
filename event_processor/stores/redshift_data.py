"""Statements for Redshift by its Data API, which has no connection to lose: each call names all it does."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.calls import Calls
from event_processor.errors import CallFailed
from event_processor.telling import CallObserver

MOST_STATEMENTS: Final = 40
"""Of one batch (API reference, BatchExecuteStatement)."""
_ENDED: Final = frozenset({"FINISHED", "FAILED", "ABORTED"})
_LONGEST_SECONDS: Final = 600.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0


class Answer(NamedTuple):
    """What a query found."""

    names: list[str]
    rows: list[tuple[Any, ...]]


class DataClient(Protocol):
    """What is called of boto3's client `redshift-data`."""

    def batch_execute_statement(self, **asked: Any) -> dict[str, Any]:
        """Several statements, in one transaction."""
        ...

    def execute_statement(self, **asked: Any) -> dict[str, Any]:
        """One statement."""
        ...

    def describe_statement(self, **asked: Any) -> dict[str, Any]:
        """How far it is."""
        ...

    def get_statement_result(self, **asked: Any) -> dict[str, Any]:
        """A page of its rows."""
        ...


class RedshiftData:
    """One database of a workgroup. For one thread."""

    def __init__(
        self,
        client: DataClient,
        workgroup: str,
        database: str,
        observer: CallObserver,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._sleep = client, sleep
        self._where = {"WorkgroupName": workgroup, "Database": database}
        self._calls = Calls(observer)

    def run(self, statements: Sequence[str], token: str) -> None:
        """All of them in one transaction, once for each token however often it is asked. Raises CallFailed."""
        answer = self._calls.make(
            "batch_execute_statement",
            lambda: self._client.batch_execute_statement(**self._where, Sqls=list(statements), ClientToken=token),
        )
        self._ended("batch_execute_statement", answer["Id"])

    def query(self, sql: str, parameters: Mapping[str, str] | None = None) -> list[tuple[Any, ...]]:
        """All rows. Raises CallFailed."""
        return self.answer(sql, parameters).rows

    def answer(self, sql: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """All rows, and the names of the columns. Raises CallFailed."""
        asked: dict[str, Any] = {**self._where, "Sql": sql}
        if parameters:
            asked["Parameters"] = [{"name": name, "value": value} for name, value in parameters.items()]
        answer = self._calls.make("execute_statement", lambda: self._client.execute_statement(**asked))
        told = self._ended("execute_statement", answer["Id"])
        return self._rows(answer["Id"]) if told.get("HasResultSet") else Answer([], [])

    def _ended(self, operation: str, identity: str) -> dict[str, Any]:
        pause, end = _FIRST_PAUSE, time.monotonic() + _LONGEST_SECONDS
        while True:
            told = self._calls.make("describe_statement", lambda: self._client.describe_statement(Id=identity))
            if told["Status"] in _ENDED:
                break
            if time.monotonic() > end:
                raise CallFailed(operation, "StillRunning", f"statement {identity} runs for {_LONGEST_SECONDS:.0f} s")
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        if told["Status"] != "FINISHED":
            raise CallFailed(operation, told["Status"], told.get("Error", "no reason is given"), may_be_done=False)
        return told

    def _rows(self, identity: str) -> Answer:
        found = Answer([], [])
        more: dict[str, str] = {}
        while True:
            asked = {"Id": identity, **more}
            page = self._calls.make("get_statement_result", lambda: self._client.get_statement_result(**asked))  # noqa: B023
            columns = page["ColumnMetadata"]
            found.names[:] = [column.get("label") or column.get("name", "") for column in columns]
            kinds = [column.get("typeName", "") for column in columns]
            found.rows.extend(tuple(map(_value, row, kinds)) for row in page["Records"])
            if not (token := page.get("NextToken")):
                return found
            if more.get("NextToken") == token:
                raise MalformedAnswer("a result that goes on with the same token")
            more = {"NextToken": token}


def _value(field: Mapping[str, Any], kind: str) -> Any:
    if field.get("isNull"):
        return None
    (value,) = field.values()
    if kind == "timestamp":
        return datetime.fromisoformat(value)
    return value
