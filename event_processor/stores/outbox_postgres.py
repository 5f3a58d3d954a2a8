"""The outbox of metrics in PostgreSQL: `metrics/log_table.sql` makes it, and what writes into it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from event_processor.errors import CallFailed
from event_processor.metrics.listening import Outbox, Taken, Waiting

if TYPE_CHECKING:
    import psycopg

_CONNECT_SECONDS: Final = 10
_STATEMENT_MILLISECONDS: Final = 60_000


class PostgresOutbox(Outbox):
    """One connection. For one thread."""

    def __init__(self, url: str) -> None:
        """Connects. Raises CallFailed."""
        import psycopg  # noqa: PLC0415 - an extra

        with _failing_as_call("connect"):
            self._connection: psycopg.Connection[Any] = psycopg.connect(
                url,
                connect_timeout=_CONNECT_SECONDS,
                options=f"-c statement_timeout={_STATEMENT_MILLISECONDS}",
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
                autocommit=True,
            )
            self._connection.execute("LISTEN quality_metrics")

    @contextmanager
    def take(self, most: int) -> Iterator[Taken]:
        with _failing_as_call("outbox"), self._connection.transaction():
            rows = self._connection.execute(
                "SELECT id, record::text FROM quality.metric_outbox WHERE refused IS NULL ORDER BY id"
                " LIMIT %s FOR UPDATE SKIP LOCKED",
                [most],
            ).fetchall()
            yield _Taken(self._connection, [Waiting(number, text.encode()) for number, text in rows])

    def wait(self, seconds: float) -> None:
        with _failing_as_call("outbox"):
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass

    def close(self) -> None:
        self._connection.close()


class _Taken(Taken):
    def __init__(self, connection: "psycopg.Connection[Any]", rows: Sequence[Waiting]) -> None:
        self._connection, self.rows = connection, rows

    def forget(self, numbers: Sequence[int]) -> None:
        self._connection.execute("DELETE FROM quality.metric_outbox WHERE id = ANY(%s)", [list(numbers)])

    def refuse(self, number: int, why: str) -> None:
        self._connection.execute("UPDATE quality.metric_outbox SET refused = %s WHERE id = %s", [why, number])


@contextmanager
def _failing_as_call(operation: str) -> Iterator[None]:
    import psycopg  # noqa: PLC0415

    try:
        yield
    except psycopg.Error as error:
        code = error.sqlstate or type(error).__name__
        raise CallFailed(operation, code, str(error).strip().partition("\n")[0]) from error
