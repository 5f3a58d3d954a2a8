"""`event-processor lake rebuild --contracts live`: rejects that the live contracts pass become rows."""

from pathlib import Path

import pytest

from event_processor.commands import lake_compact, lake_rebuild
from event_processor.lake import rebuilding
from event_processor.lake.layout import MOVED
from event_processor.stores.reject_lake_archive import LakeArchive
from tests.integration.test_lake_compact import PLACES, a_day_later, run
from tests.integration.test_lake_rebuild import content, publish, rebuild
from tests.integration.test_lake_verify import STREAMS, files_of, kinds, verify
from tests.lakes import SHARDS, VISIT, Lake, visit
from tests.unit.lake.tabling import contract

TEXT = {"type": "string"}
STRICT = contract("visit", {"id": TEXT, "page": {**TEXT, "minLength": 6}, "n": {"type": "integer"}}, ("id",))
LATEST = contract("visit", {"id": TEXT, "page": TEXT, "n": {"type": ["integer", "string"]}, "late": TEXT}, ("id",))
ROWS = "SELECT id, page, _shard, _sequence FROM web.visits ORDER BY ALL"
REJECTS = "SELECT reject_id FROM quality.rejects ORDER BY 1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Nearly everything was rejected by a contract that was too strict: in two ranges of one shard, one of another."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "streams.yaml").write_text(STREAMS)
    made = Lake(folder)
    made.contracts.publish(STRICT)
    made.contracts.read()
    made.put(visit(1, page="/index"), visit(2), b"no JSON", visit(3, late="x"), visit(3))
    made.put(visit(2), shard=1)
    made.deliver()
    made.put(visit(4), visit(5, page="/index"), visit(1))
    made.deliver()
    return made


@pytest.fixture
def lake(made: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """One of its own for each test, with a contract that is less strict by now."""
    copied = made.copied(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    for command in (lake_compact, lake_rebuild):
        monkeypatch.setattr(command, "SystemClock", lambda: copied.clock)
    publish(tmp_path / "there", VISIT.text)
    copied.sql("UPDATE quality.loads SET loaded_at = loaded_at - INTERVAL 1 HOUR")
    return copied


def move(*options: str) -> list[str]:
    """What the command prints of the stream."""
    return run("rebuild", "--contracts", "live", *options).splitlines()[1].split()


def test_what_passes_now_is_moved(lake: Lake) -> None:
    """Rows, repeats and conflicts as if it had passed at once; what still does not pass stays a reject."""
    assert [row[0] for row in lake.sql(ROWS)] == ["v1", "v5"]
    assert len(lake.sql(REJECTS)) == 5
    assert move() == ["visits", "3", "7", "6", "3", "2", "1", "1"]
    assert [row[0] for row in lake.sql(ROWS)] == ["v1", "v2", "v3", "v4", "v5"]
    rejects = lake.sql(REJECTS)
    assert [each[0].partition("/")[0] for each in rejects if "id_conflict" in each[0]] == ["id_conflict"]
    assert len(rejects) == 1 + 1
    line = verify("--repeats", code=0)["streams"][0]
    assert (line["records"], line["rows"], line["rejects"], line["new_rows"]) == (9, 8, 1, 5)
    rows = lake.sql(ROWS)
    assert move()[2:4] == ["1", "0"]
    assert (lake.sql(ROWS), lake.sql(REJECTS)) == (rows, rejects)


def test_rejects_that_were_moved_are_none_any_more(lake: Lake) -> None:
    """Neither for who lists or replays them, nor in a warehouse that is filled again, also by another job's rejects."""
    (inspected,) = [name for name in files_of(lake, "rejects/deliver/") if SHARDS[1] in name]
    move()
    with LakeArchive(lake.files) as archive:
        assert [archive.is_replayed(each.reject_id) for each in archive.read()].count(False) == 1
    lake.files.put("rejects/inspect/dt=2026-01-02/hh=12/1.ndjson.gz", lake.files.get(inspected))
    rejects, rows = lake.sql(REJECTS), lake.sql(ROWS)
    lake.warehouse_file.rename(lake.warehouse_file.with_name("before.duckdb"))
    rebuild()
    assert (lake.sql(REJECTS), lake.sql(ROWS)) == (rejects, rows)


def test_it_has_the_same_content_after_a_rebuild_and_a_compaction(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of an amendment are made again of raw, in an empty warehouse and in place of those that are there."""
    monkeypatch.setattr(rebuilding, "_AT_ONCE", 1)  # an amendment long after its range
    first = content(run("rebuild", "--contracts", "live"))
    assert content(rebuild()) == first
    verify("--repeats", code=0)
    for _ in range(2):
        a_day_later(lake)
        run("compact")
    assert content(rebuild()) == first
    lake.warehouse_file.unlink()
    for name in files_of(lake, "typed/"):
        lake.files.delete(name)
    assert content(rebuild()) == first


def test_rejects_of_compacted_ranges_are_moved(lake: Lake) -> None:
    """Their raw is in the large file. Another contract moves what is left of a range that was amended before."""
    lake.put(visit(8, n="eight"))
    lake.deliver()
    for _ in range(2):
        a_day_later(lake)
        run("compact")
    assert move("--since", "2026-01-02T12:01:30")[2:4] == ["3", "2"]
    assert move()[2:4] == ["6", "4"]
    publish(lake.warehouse_file.parent, LATEST.text)
    names = files_of(lake, "log/")
    assert "lake migrate" in run("rebuild", "--contracts", "live", code=1)
    assert files_of(lake, "log/") == names
    run("migrate", "--yes")
    assert move()[2:4] == ["2", "1"]
    verify("--repeats", code=0)
    assert ("v8",) in lake.sql("SELECT id FROM web.visits")


def test_a_delivery_loads_what_a_killed_command_has_written(lake: Lake) -> None:
    """The amendment is in the log: whoever loads next goes on, and ranges before it are loaded first."""
    lake.put(visit(7, page="/index"))
    lake.deliver(load=False)
    (folder := Path("w")).mkdir()
    lake.warehouse_file.rename(folder / "warehouse.duckdb")
    run("rebuild", "--contracts", "live", WAREHOUSE="duckdb:other.duckdb")
    (folder / "warehouse.duckdb").rename(lake.warehouse_file)
    lake.deliver()
    assert ("v7",) in lake.sql("SELECT id FROM web.visits")
    assert ("v4",) in lake.sql("SELECT id FROM web.visits")
    assert len([each for each in lake.sql(REJECTS) if "id_conflict" not in each[0]]) == 1
    verify("--repeats", code=0)


def test_damage_of_an_amendment_is_found(lake: Lake) -> None:
    """Its file gone, and its row gone."""
    move()
    (name,) = [name for name in files_of(lake, "typed/") if f"{SHARDS[1]}-" in name]
    assert len(files_of(lake, MOVED)) == 3
    lake.sql("DELETE FROM web.visits WHERE id = 'v4'")
    assert kinds().keys() == {"row_gone", "count"}
    lake.files.delete(name)
    assert name in kinds()["file_gone"]


def test_the_settings_are_those_of_other_commands() -> None:
    """Another word for the contracts, or no warehouse, is a wrong setting."""
    run("rebuild", "--contracts", "2", code=2)
    run("rebuild", "--contracts", "live", code=2, **PLACES | {"WAREHOUSE": "none"})
