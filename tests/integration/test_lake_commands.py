"""The commands for the lake's tables: their SQL, questions, and changes that wait for a word."""

import csv
import gzip
import io
import json
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from event_processor.commands.main import main
from event_processor.lake.columns import tables_of
from event_processor.lake.ddl import athena, create_table
from event_processor.stores.duckdb_engine import connection
from event_processor.stores.warehouse_duckdb import DuckDBWarehouse
from tests.contract.backends import moto
from tests.contract.test_warehouse_contract import VISIT, VISITS, WINDOW, visit
from tests.unit.lake.tabling import FIXTURES, USER_EVENTS, contract, contract_of_file, stream
from tests.warehouses import MemoryFiles, Ranges

STREAMS = """streams:
  user-events: {contract: user-events, id: request_id, table: tracking.events}
  user-utm: {contract: user-utm, id: request_id, table: tracking.utm}
  visits: {contract: visit, id: id, table: web.visits}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the streams file is; the contracts are those of the fixtures, and of visits."""
    (tmp_path / "streams.yaml").write_text(STREAMS)
    for subject in ("user-events", "user-utm"):
        there = tmp_path / "contracts" / subject
        there.mkdir(parents=True)
        for name in ("1-0-0.json", "live"):
            (there / name).write_text((FIXTURES / "contracts" / subject / name).read_text())
    publish(tmp_path, VISIT.text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def publish(folder: Path, text: str) -> None:
    """Make this the live contract of visits."""
    there = folder / "contracts" / "visit"
    there.mkdir(exist_ok=True)
    (there / "1-0-0.json").write_text(text)
    (there / "live").write_text("1-0-0\n")


def lake(*arguments: str, **settings: str) -> Result:
    """The command with these settings."""
    return CliRunner().invoke(main, ["lake", *arguments], env=settings)


def test_the_tables_of_tracking_are_as_they_have_always_been() -> None:
    """Name, type, length and NOT NULL of each column, in order: what loads today loads tomorrow."""
    with (FIXTURES / "tracking-tables.csv").open() as file:
        wanted = [row for row in csv.DictReader(file) if row["table"].startswith("tracking.")]
    found = []
    for subject, table in (("user-events", "tracking.events"), ("user-utm", "tracking.utm")):
        text = (FIXTURES / "contracts" / subject / "1-0-0.json").read_text()
        assert json.loads(text)["x-subject"] == subject
        made = ddl_of(subject, table)
        found += [{"table": table, **row} for row in made]
    assert found == wanted


def ddl_of(subject: str, table: str) -> list[dict[str, str]]:
    """The columns that the SQL for Redshift has, without ours, in the words of the file."""
    of = stream(subject, table, id="request_id")
    sql = create_table(tables_of(of, {subject: contract_of_file(subject)})[subject], "redshift")
    rows = []
    for line in sql.splitlines()[1:]:
        if not line.startswith('    "') or line.startswith('    "_'):
            continue
        name, kind, *rest = line.strip().rstrip(",").split(" ", 2)
        kind = "TIMESTAMP WITHOUT TIME ZONE" if kind == "TIMESTAMP" else kind
        rows.append({"column": name.strip('"'), "type": kind, "nullable": "no" if rest == ["NOT NULL"] else "yes"})
    return rows


@pytest.mark.parametrize("dialect", ["duckdb", "redshift"])
@pytest.mark.usefixtures("folder")
def test_the_sql_of_a_table_is_printed(dialect: str) -> None:
    """Ready to be run elsewhere."""
    result = lake("ddl", "user-events", "--dialect", dialect)
    assert result.exit_code == 0, result.output
    first = 'CREATE SCHEMA IF NOT EXISTS "tracking";\nCREATE TABLE IF NOT EXISTS "tracking"."events" ('
    assert result.output.startswith(first)
    assert '    "topic" VARCHAR(1024) NOT NULL,\n' in result.output
    assert ('DISTKEY ("request_id")' in result.output) == (dialect == "redshift")


def test_athena_and_glue_read_the_files(folder: Path) -> None:
    """The same columns, partitions by rule, and a view with one row for each id; no table of who takes any subject."""
    any_subject = '  segment: {contract: "{type}/{event|name}", id: messageId, table: "tracking.{type}"}\n'
    (folder / "streams.yaml").write_text(STREAMS + any_subject)
    bucket = {"LAKE": "s3://engineering/lake"}
    result = lake("ddl", "user-utm", "--dialect", "athena", **bucket)
    assert result.exit_code == 0, result.output
    assert "LOCATION 's3://engineering/lake/typed/tracking/utm/'" in result.output
    assert 'CREATE OR REPLACE VIEW "tracking"."utm" AS' in result.output
    table = json.loads(lake("ddl", "user-utm", "--dialect", "glue", **bucket).output)
    assert table["Name"] == "utm_files"
    assert {"Name": "ad_id", "Type": "string", "Comment": "/ad_id"} in table["StorageDescriptor"]["Columns"]
    template = "s3://engineering/lake/typed/tracking/utm/dt=${dt}/hh=${hh}/"
    assert table["Parameters"]["storage.location.template"] == template
    refused = lake("ddl", "user-utm", "--dialect", "glue")
    assert (refused.exit_code, refused.output.splitlines()[0]) == (
        2, "event-processor: LAKE: was 'dir:lake'; allowed with --dialect glue: s3://BUCKET/PREFIX",
    )  # fmt: skip


def test_the_view_for_athena_shows_one_row_for_each_id() -> None:
    """Repeats and the files of before a compaction are in the files; the view leaves them out."""
    _, view = athena(tables_of(USER_EVENTS, {"user-events": contract_of_file("user-events")})["user-events"], "s3://b/")
    with connection(64 * 1024 * 1024) as opened:
        opened.execute("CREATE SCHEMA tracking")
        columns = view.partition("SELECT ")[2].partition(" FROM")[0]
        values = columns.replace('"request_id"', "id AS request_id").replace('"_sequence"', "s AS _sequence")
        names = [each for each in values.split(", ") if " AS " not in each]
        for name in names:
            values = values.replace(name, f"'x' AS {name}")
        rows = "(VALUES ('a', '9'), ('a', '10'), ('b', '11'), ('b', '11'), (NULL, '12'), (NULL, '13')) v(id, s)"
        opened.execute(f"CREATE TABLE tracking.events_files AS SELECT {values} FROM {rows}")
        opened.execute(view)
        found = opened.execute("SELECT request_id, _sequence FROM tracking.events ORDER BY _sequence").fetchall()
    assert found == [("b", "11"), (None, "12"), (None, "13"), ("a", "9")]


@pytest.mark.usefixtures("folder")
def test_a_subject_without_a_table_is_told() -> None:
    """Exit code 1, and which file was looked at."""
    result = lake("ddl", "nobody")
    assert (result.exit_code, result.output) == (
        1, "event-processor: no stream of streams.yaml has a table for 'nobody'\n",
    )  # fmt: skip


def loaded(folder: Path) -> Ranges:
    """Two visits in the warehouse."""
    files = MemoryFiles()
    ranges = Ranges(files, VISITS, VISIT)
    warehouse = DuckDBWarehouse(folder / "w.duckdb", files, [VISITS], WINDOW)
    warehouse.prepare(ranges.contracts)
    warehouse.load([ranges.entry(visit(1), visit(2, n=4))])
    return ranges


def test_the_warehouse_is_asked(folder: Path) -> None:
    """For people, for spreadsheets, for programs."""
    loaded(folder)
    sql, place = "SELECT id, n FROM web.visits ORDER BY id", {"WAREHOUSE": "duckdb:w.duckdb"}
    table = lake("query", sql, **place)
    assert table.exit_code == 0, table.output
    assert [line.split() for line in table.output.splitlines()] == [["id", "n"], ["v1"], ["v2", "4"]]
    rows = list(csv.reader(io.StringIO(lake("query", sql, "--format", "csv", **place).output)))
    assert rows == [["id", "n"], ["v1", ""], ["v2", "4"]]
    lines = lake("query", sql, "--format", "json", **place).output.splitlines()
    assert [json.loads(line) for line in lines] == [{"id": "v1", "n": None}, {"id": "v2", "n": 4}]
    wrong = lake("query", "SELECT nothing", **place)
    assert wrong.exit_code == 1
    assert wrong.output.startswith("event-processor: query: BinderException:")
    assert lake("query", "DELETE FROM web.visits", **place).exit_code == 1
    assert lake("query", sql, WAREHOUSE="duckdb:nowhere.duckdb").exit_code == 1


def test_a_lake_in_a_folder_is_asked_without_a_warehouse(folder: Path) -> None:
    """Each id once, though its files have repeats."""
    files = MemoryFiles()
    Ranges(files, VISITS, VISIT).entry(visit(1), visit(2), visit(1))
    for name, content in files.content.items():
        path = folder / "lake" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    result = lake("query", "SELECT id, _sequence FROM web.visits ORDER BY id", "--format", "csv")
    assert (result.exit_code, result.output) == (0, "id,_sequence\nv1,100\nv2,101\n")


def test_migrate_shows_its_sql_and_waits_for_a_word(folder: Path) -> None:
    """Nothing is changed before somebody has seen what."""
    loaded(folder)
    place = {"WAREHOUSE": "duckdb:w.duckdb"}
    assert lake("migrate", **place).output == "nothing to change\n"
    publish(folder, contract("visit", {"id": {"type": "string"}, "n": {"type": "number"}}, ("id",)).text)
    shown = lake("migrate", **place)
    alter = 'ALTER TABLE "web"."visits" ALTER COLUMN "n" SET DATA TYPE DOUBLE;'
    told = f"-- web.visits.n was BIGINT, is to be DOUBLE\n{alter}\n"
    assert (shown.exit_code, shown.stdout) == (1, told)
    assert lake("migrate", **place).stdout == told
    assert lake("migrate", "--yes", **place).output == f"{told}changed\n"
    assert lake("migrate", **place).exit_code == 0
    kinds = lake("query", "SELECT typeof(n) FROM web.visits LIMIT 1", "--format", "csv", **place)
    assert kinds.output.splitlines()[1] == "DOUBLE"


@pytest.mark.usefixtures("folder")
def test_without_a_warehouse_there_is_nothing_to_migrate() -> None:
    """Told as the setting that it is."""
    result = lake("migrate")
    assert result.exit_code == 2
    assert result.output.startswith("event-processor: WAREHOUSE: was 'none'; allowed here: duckdb:FILE")
    result = lake("migrate", WAREHOUSE="redshift:analytics/dev")
    assert result.exit_code == 2
    assert "LAKE: was 'dir:lake'; allowed with WAREHOUSE=redshift:" in result.output


@pytest.mark.parametrize(
    ("subject", "table"),
    [
        ("user-events", "tracking.events"),
        ("user-utm", "tracking.utm"),
        ("page/Policy Type", "tracking.page"),
    ],
)
def test_terraform_has_the_tables_of_the_contracts(subject: str, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """deploy/pipeline/tables is what the command prints of the contracts beside it, for the lake `s3://lake`."""
    pipeline = Path(__file__).parents[2] / "deploy" / "pipeline"
    monkeypatch.chdir(pipeline)
    printed = lake("ddl", subject, "--dialect", "glue", LAKE="s3://lake").output
    assert (pipeline / "tables" / f"{table}.json").read_text() in printed


@pytest.mark.usefixtures("folder")
def test_raw_files_are_asked_without_a_warehouse(tmp_path: Path) -> None:
    """Each line is a row of `raw.STREAM`, packed or not, with its day and hour."""
    hour = tmp_path / "lake" / "raw" / "user-utm" / "dt=2026-01-02" / "hh=03"
    hour.mkdir(parents=True)
    (hour / "1.ndjson.gz").write_bytes(gzip.compress(b'{"n":1}\n{"n":2}\n'))
    (hour / "2.ndjson").write_bytes(b'{"n":3}')
    sql = """SELECT line->>'n' AS n, dt, hh FROM raw."user-utm" ORDER BY n"""

    result = lake("query", sql, "--format", "csv")

    assert result.output.splitlines() == ["n,dt,hh", *(f"{n},2026-01-02,03" for n in (1, 2, 3))]


@pytest.mark.usefixtures("folder")
def test_a_bucket_is_asked_without_a_warehouse() -> None:
    """The files of the tables and streams that the question names are fetched, and no others."""
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with moto() as endpoint:
        s3 = boto3.Session("test", "test", region_name="us-east-1").client("s3", endpoint_url=endpoint)
        s3.create_bucket(Bucket="events")
        for name in ("user-utm", "user-events"):
            key = f"firehose/raw/{name}/dt=2026-01-02/hh=03/1.ndjson.gz"
            s3.put_object(Bucket="events", Key=key, Body=b'{"n":1}\n')
        place = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "LAKE": "s3://events/firehose", **credentials}

        result = lake("query", """SELECT line->>'n' AS n FROM raw."user-utm" """, "--format", "csv", **place)
        assert result.stdout.splitlines() == ["n", "1"]

        sql = """SELECT table_name AS "user-utm" FROM information_schema.tables"""
        assert lake("query", sql, "--format", "csv", **place).stdout.splitlines() == ["user-utm", "user-utm"]
