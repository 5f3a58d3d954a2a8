"""`event-processor lake rebuild`: the table again, of raw alone."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from tests.integration.test_lake_verify import STREAMS, verify
from tests.lakes import Lake, visit
from tests.unit.lake.tabling import contract

TEXT = {"type": "string"}
STRICTER = contract("visit", {"id": TEXT, "page": TEXT, "n": {"type": "integer"}}, ("id", "n"))
ROWS = "SELECT id, page, n, _shard, _sequence FROM web.visits ORDER BY id"
REJECTS = "SELECT reject_id FROM quality.rejects WHERE reason = 'id_conflict' ORDER BY reject_id"


def publish(folder: Path, text: str) -> None:
    """Make this the live contract."""
    there = folder / "contracts" / "visit"
    there.mkdir(parents=True, exist_ok=True)
    (there / "1-0-0.json").write_text(text)
    (there / "live").write_text("1-0-0\n")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Records that were judged by two contracts, of which the second is stricter, and the registry forgot the first."""
    (tmp_path / "streams.yaml").write_text(STREAMS)
    monkeypatch.chdir(tmp_path)
    made = Lake(tmp_path)
    made.put(visit(1), visit(2), visit(1), b"no JSON")
    made.put(visit(2, page="/other"), visit(3), shard=1)
    made.deliver()
    made.contracts.publish(STRICTER)
    made.clock.advance(3600)
    made.contracts.read()
    made.put(visit(4), visit(5, n=5), visit(1, n=1))
    made.deliver()
    publish(tmp_path, STRICTER.text)
    return made


def rebuild(*options: str, warehouse: str = "duckdb:warehouse.duckdb") -> str:
    """What it prints."""
    environment = {"LAKE": "dir:lake", "WAREHOUSE": warehouse}
    done = CliRunner().invoke(main, ["lake", "rebuild", *options], env=environment)
    assert done.exit_code == 0, done.output
    return done.output


def content(output: str) -> str:
    """The hash in it."""
    (line,) = [line for line in output.splitlines() if line.startswith("web.visits: ")]
    return line


def test_an_empty_warehouse_is_filled(lake: Lake) -> None:
    """Each range by the contracts of its time: the same rows, conflicts and content, though typed files are gone."""
    rows, rejects = lake.sql(ROWS), lake.sql(REJECTS)
    for name in list(lake.files.names("typed/")):
        lake.files.delete(name)
    lake.warehouse_file.rename(lake.warehouse_file.with_name("before.duckdb"))
    made = rebuild()
    assert (lake.sql(ROWS), lake.sql(REJECTS)) == (rows, rejects)
    assert len(rows) == 4
    assert list(lake.files.names("rebuilt/")) == []
    assert content(made).startswith("web.visits: 4 rows, content ")


def test_a_damaged_table_is_whole_again(lake: Lake) -> None:
    """Rows that are gone, altered and foreign to a range; its content is what it was."""
    before = content(rebuild())
    lake.sql("DELETE FROM web.visits WHERE id = 'v1'; UPDATE web.visits SET page = 'x' WHERE id = 'v3'")
    lake.sql("INSERT INTO web.visits SELECT * FROM web.visits WHERE id = 'v2'")
    assert verify(code=1)["findings"]
    assert content(rebuild("--since", "2026-01-02T12:00:00")) == before
    assert verify("--repeats", code=0)["streams"][0]["new_rows"] == 4


def test_only_what_is_asked_for(lake: Lake) -> None:
    """Ranges that arrived before are left as they are."""
    lake.sql("UPDATE web.visits SET page = 'x'")
    rebuild("--since", "2026-01-02T13:00:00")
    assert lake.sql("SELECT id FROM web.visits WHERE page = 'x' ORDER BY id") == [("v1",), ("v2",), ("v3",)]


def test_the_lake_keeps_what_it_judged_by(lake: Lake) -> None:
    """Both sets of contracts, under the numbers that the ranges name."""
    names = list(lake.files.names("contracts/"))
    assert names == ["contracts/1.json", "contracts/2.json"]
    assert [json.loads(json.loads(lake.files.get(name))["visit"])["required"] for name in names] == [
        ["id"],
        ["id", "n"],
    ]
