"""A DuckDB file that others read."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from event_processor.errors import CallFailed
from event_processor.lake.columns import tables_of
from event_processor.lake.ddl import create_table
from event_processor.lake.ports import LoadOutcome
from event_processor.stores.duckdb_engine import connection
from event_processor.stores.warehouse_duckdb import IN_USE, DuckDBWarehouse
from event_processor.stores.warehouse_query import ask_file
from tests.contract.test_warehouse_contract import VISIT, VISITS, WINDOW, visit
from tests.unit.lake.tabling import contract
from tests.warehouses import MemoryFiles, Ranges

_READER = """
import sys, duckdb
opened = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reads")
print("open", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held(file: Path, how: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has it open, until it is told to let go."""
    command = [sys.executable, "-c", _READER, str(file), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


def let_go(process: "subprocess.Popen[str]") -> None:
    """Without waiting until it has."""
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_load_waits_for_a_reader_and_is_told_if_it_stays(tmp_path: Path) -> None:
    """DuckDB lets one process write, or several read: a reader delays loads, and nothing is lost or half done."""
    file, files = tmp_path / "w.duckdb", MemoryFiles()
    ranges = Ranges(files, VISITS, VISIT)
    patient = DuckDBWarehouse(file, files, [VISITS], WINDOW, patience=60)
    hasty = DuckDBWarehouse(file, files, [VISITS], timedelta(hours=24), patience=0)
    patient.prepare(ranges.contracts)
    hasty.prepare(ranges.contracts)
    entry = ranges.entry(visit(1))
    with held(file, "reads") as process:
        with pytest.raises(CallFailed) as caught:
            hasty.load([entry])
        assert (caught.value.code, caught.value.may_be_done) == (IN_USE, False)
        assert ask_file(file, "SELECT count(*) FROM web.visits").rows == [(0,)]
        let_go(process)
        assert patient.load([entry]) == [LoadOutcome(1, 0, 0)]


def test_a_question_waits_for_a_load(tmp_path: Path) -> None:
    """Whoever asks gets the answer after the load, not an error."""
    file, files = tmp_path / "w.duckdb", MemoryFiles()
    DuckDBWarehouse(file, files, [VISITS], WINDOW).prepare(Ranges(files, VISITS, VISIT).contracts)
    with held(file, "writes") as process:
        with pytest.raises(CallFailed):
            ask_file(file, "SELECT 1", patience=0)
        let_go(process)
        assert ask_file(file, "SELECT 1 AS one") == (["one"], [(1,)])


def test_a_load_writes_anew_no_more_than_a_few_thousand_rows(tmp_path: Path) -> None:
    """DuckDB rewrites the last group of rows with each load; groups of its usual size double what a record costs."""
    file, files = tmp_path / "w.duckdb", MemoryFiles()
    ranges = Ranges(files, VISITS, VISIT)
    warehouse = DuckDBWarehouse(file, files, [VISITS], WINDOW)
    warehouse.prepare(ranges.contracts)
    rows = 9000
    assert warehouse.load([ranges.entry(*(visit(number) for number in range(rows)))]) == [LoadOutcome(rows, 0, 0)]
    groups = ask_file(file, "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('web.visits')").rows
    assert groups == [(2,)]


def test_json_is_stored_by_zstd(tmp_path: Path) -> None:
    """It is most of a row, and takes a third of the place and little CPU so, in a column that was added later, too."""
    file, files, both = tmp_path / "w.duckdb", MemoryFiles(), {"id": {"type": "string"}, "site": {"type": "object"}}
    for names in (("id", "site"), ("id", "site", "more")):
        ranges = Ranges(files, VISITS, contract("visit", {name: both.get(name, both["site"]) for name in names}))
        warehouse = DuckDBWarehouse(file, files, [VISITS], WINDOW)
        warehouse.prepare(ranges.contracts)
    shops = [{"name": f"shop {number} of {number % 7}, {number**3}"} for number in range(500)]
    warehouse.load([ranges.entry(*({"id": f"v{at}", "site": shop, "more": shop} for at, shop in enumerate(shops)))])
    query = (
        "SELECT DISTINCT column_name, compression FROM pragma_storage_info('web.visits')"
        " WHERE column_name IN ('site', 'more') AND segment_type <> 'VALIDITY'"
    )
    assert {*ask_file(file, query).rows} == {("site", "ZSTD"), ("more", "ZSTD")}


def test_a_file_with_large_groups_of_rows_is_loaded_on(tmp_path: Path) -> None:
    """A warehouse made by an earlier release, or by other means, keeps its rows, and its repeats are found."""
    file, files = tmp_path / "w.duckdb", MemoryFiles()
    ranges = Ranges(files, VISITS, VISIT)
    with connection(64 * 1024 * 1024, str(file)) as opened:
        opened.execute("CREATE SCHEMA web")
        opened.execute(create_table(tables_of(VISITS, ranges.contracts.contracts)["visit"], "duckdb"))
        values = "'v' || i, '/home', NULL, 'shard-9', i::VARCHAR, TIMESTAMP '2026-01-02 03:00:00'"
        opened.execute(f"INSERT INTO web.visits SELECT {values} FROM range(20000) t(i)")
    warehouse = DuckDBWarehouse(file, files, [VISITS], WINDOW)
    warehouse.prepare(ranges.contracts)
    assert warehouse.load([ranges.entry(visit(19_999), visit(20_000))]) == [LoadOutcome(1, 1, 0)]
    assert ask_file(file, "SELECT count(*), count(DISTINCT id) FROM web.visits").rows == [(20_001, 20_001)]


def test_a_load_that_needs_more_memory_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of large texts are loaded as well as the usual ones, for which little is enough."""
    monkeypatch.setattr("event_processor.stores.warehouse_duckdb._MEMORY_BYTES", 4 * 1024 * 1024)
    files = MemoryFiles()
    ranges = Ranges(files, VISITS, VISIT)
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb", files, [VISITS], WINDOW)
    warehouse.prepare(ranges.contracts)
    entry = ranges.entry(*(visit(number, page=f"{number}" + "x" * 60_000) for number in range(200)))
    assert warehouse.load([entry]) == [LoadOutcome(200, 0, 0)]
