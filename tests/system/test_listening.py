"""Rows of a table in Debian's PostgreSQL become metrics on a stream: nothing is lost, whoever is down or killed."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from event_processor.bootstrap.lambda_log_table import LogTableFunction
from event_processor.errors import CallFailed
from event_processor.settings.lambda_log_table import LambdaLogTableSettings
from event_processor.settings.loading import load
from tests.eventually import eventually
from tests.integration.test_lambda_function import Context
from tests.system.metric_stream import STREAM, metrics_on
from tests.system.processes import Child, Emulator, command

SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
if not SERVERS and not os.environ.get("REQUIRE_POSTGRESQL"):
    pytest.skip("PostgreSQL is not installed", allow_module_level=True)
pytestmark = pytest.mark.prove
TABLE = """
CREATE TABLE job_log (id int PRIMARY KEY, job text, rows_loaded numeric, country text, finished_at timestamptz);
CREATE TRIGGER metrics AFTER INSERT OR UPDATE ON job_log FOR EACH ROW EXECUTE FUNCTION quality.tell_metric(
    'dataset=job', 'name=''rows''', 'value=rows_loaded', 'time=finished_at', 'seconds=3600', 'dimensions=country');
"""


class Database:
    """A server of our own, on a port of loopback."""

    def __init__(self, folder: Path) -> None:
        """`folder` is nobody's but the server's, who is not root: pytest's folders are for their owner only."""
        self._bin, self._folder, self.port = SERVERS[-1].parent, folder, _free_port()
        self._data = folder / "data"
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        """As MONITOR_DATABASE has it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """And wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-w", "-l", str(self._data / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Connections are cut."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """One transaction."""
        import psycopg  # noqa: PLC0415 - heavy

        with psycopg.connect(self.url) as connection:
            result = connection.execute(text)
            return result.fetchall() if result.description else []

    def _run(self, program: str, *arguments: str) -> None:
        words = [str(self._bin / program), "-D", str(self._data), *arguments]
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        with (self._folder / "postgres.out").open("ab") as out:  # no pipe: the server would keep it open
            done = subprocess.run([*user, *words], check=False, stdout=out, stderr=out, timeout=120, cwd="/")
        assert done.returncode == 0, Path(out.name).read_text()


@pytest.fixture
def database() -> Iterator[Database]:
    """With the outbox, and a table whose rows are metrics."""
    with TemporaryDirectory(prefix="postgres-") as folder:
        made = Database(Path(folder))
        try:
            yield _prepared(made)
        finally:
            made.stop()


def _prepared(made: Database) -> Database:
    printed = command("event_processor", "monitor", "listen", "--sql", "postgresql")
    assert printed.returncode == 0, printed.stderr
    for _ in range(2):  # it may be run again
        made.sql(printed.stdout)
    made.sql(TABLE)
    return made


def _free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def listening(database: Database, aws: Emulator, folder: Path) -> Child:
    """One at work."""
    settings = {"AWS_ENDPOINT_URL": aws.endpoint, "MONITOR_DATABASE": database.url, "METRICS_STREAM": STREAM}
    return Child(folder, ["event_processor", "monitor", "listen"], settings)


def told(aws: Emulator) -> dict[tuple[str, int], float | None]:
    """The value of each series and revision on the stream."""
    metrics = metrics_on(aws.kinesis)
    assert {(each.bucket_start % 3600, each.bucket_seconds) for each in metrics} <= {(0, 3600)}
    return {(each.series.key, each.revision): each.value for each in metrics}


def insert(number: int, rows: str = "5", at: str = "now()") -> str:
    """One run of a job."""
    return f"INSERT INTO job_log VALUES ({number}, 'nightly', {rows}, 'de', {at})"  # noqa: S608


def test_rows_become_metrics(database: Database, tmp_path: Path) -> None:
    """Inserted, corrected, inserted while nobody listens, while the database restarts, around a kill: all are there."""
    with Emulator(tmp_path) as aws:
        aws.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        values: Callable[[], list[float | None]] = lambda: sorted(told(aws).values(), key=lambda each: each or 0.0)  # noqa: E731
        database.sql(insert(1, "1"))
        with listening(database, aws, tmp_path) as first:
            eventually(lambda: values() == [1], "the row from before", 60)
            database.sql(insert(2, "2"))
            eventually(lambda: values() == [1, 2], "the row that was notified", 60)
            database.sql("UPDATE job_log SET rows_loaded = 3 WHERE id = 2")
            eventually(lambda: values() == [1, 2, 3], "the correction", 60)
            for number in range(10, 60):
                database.sql(insert(number, str(number)))
            first.signal(signal.SIGKILL)
        database.sql(insert(60, "60"))
        database.sql(insert(61, "'NaN'"))
        database.sql(insert(62, "NULL"))
        with listening(database, aws, tmp_path) as second:
            eventually(lambda: len(told(aws)) == 55, "those from around the kill", 60)
            database.stop()
            database.start()
            database.sql(insert(63, "63"))
            eventually(lambda: len(told(aws)) == 56, "the row behind the restart of the database", 90)
            second.signal(signal.SIGTERM)
            assert second.exit_code() == 0

        assert [value for (key, _), value in told(aws).items() if key != "nightly/rows{country=de}"] == []
        assert values() == [None, 1, 2, 3, *range(10, 61), 63]
    ((kept, why),) = database.sql("SELECT record->>'value', refused FROM quality.metric_outbox")
    assert (kept, why[:6]) == ("NaN", "value:")


def test_a_row_never_fails_for_its_metric(database: Database) -> None:
    """Whatever a row has, it is written; one that is rolled back leaves no metric."""
    database.sql("ALTER TABLE job_log ALTER finished_at TYPE text")
    for number, at in enumerate(["'yesterday-ish'", "NULL", "'2026-01-02 12:34:56+00'"]):
        database.sql(insert(number, "7", at))
    database.sql(f"BEGIN; {insert(9)}; ROLLBACK")

    assert database.sql("SELECT count(*) FROM job_log") == [(3,)]
    found = [row[0] for row in database.sql("SELECT record->>'bucket_start' FROM quality.metric_outbox ORDER BY id")]
    assert found == [None, None, "2026-01-02T12:00:00Z"]


AURORA = """
CREATE SCHEMA aws_commons; CREATE SCHEMA aws_lambda;
CREATE TABLE aws_lambda.called (payload json, kind text);
CREATE TABLE aws_lambda.answers (answer json);
CREATE FUNCTION aws_commons.create_lambda_function_arn(name text, region text) RETURNS text
LANGUAGE sql AS $$ SELECT region || ':' || name $$;
CREATE FUNCTION aws_lambda.invoke(name text, asked json, kind text)
RETURNS TABLE (status_code int, payload json, executed_version text, log_result text) LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM aws_lambda.answers) THEN RAISE EXCEPTION 'no such function %', name; END IF;
    INSERT INTO aws_lambda.called VALUES ($2, $3);
    RETURN QUERY SELECT 200, answer, ''::text, ''::text FROM aws_lambda.answers;
END $$;
"""
"""What Aurora has of its own: here it answers as it is told, and fails as long as it is told nothing."""


def test_aurora_calls_a_function(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trigger sends what waits, with the row; while the function fails, rows are written and their metrics wait."""
    printed = command("event_processor", "monitor", "listen", "--sql", "aurora").stdout
    extension = "CREATE EXTENSION IF NOT EXISTS aws_lambda CASCADE;"
    assert extension in printed
    for _ in range(2):
        database.sql(printed.replace(extension, ""))
    database.sql(AURORA)
    database.sql("INSERT INTO quality.metric_function VALUES ('log-table:live', 'eu-central-1')")
    database.sql(insert(1, "1"))
    database.sql(insert(2, "'NaN'"))
    assert database.sql("SELECT count(*) FROM quality.metric_outbox") == [(2,)]

    ((number,),) = database.sql("SELECT max(id) FROM quality.metric_outbox")
    answer = json.dumps({"sent": 2, "refused": {str(number): "value: wrong"}})
    database.sql(f"INSERT INTO aws_lambda.answers VALUES ('{answer}')")  # noqa: S608
    database.sql(insert(3, "3"))
    ((payload, kind),) = database.sql("SELECT payload, kind FROM aws_lambda.called")
    assert kind == "RequestResponse"
    assert database.sql("SELECT id, refused FROM quality.metric_outbox") == [(number, "value: wrong")]

    with Emulator(tmp_path) as aws:
        aws.kinesis.create_stream(StreamName=STREAM, ShardCount=1)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        settings = load(LambdaLogTableSettings)
        said = LogTableFunction(settings)(payload, Context(30))
        assert (said["sent"], list(said["refused"])) == (2, [str(number)])
        assert [each.value for each in metrics_on(aws.kinesis)] == [1, 3]
        aws.set_faults(refuse=1.0)
        with pytest.raises(CallFailed, match="sent again"):
            LogTableFunction(settings)(payload, Context(4))
