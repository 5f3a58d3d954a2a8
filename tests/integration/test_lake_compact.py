"""`event-processor lake compact` and `lake ls`: fewer files with the same records, to every reader."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from event_processor.commands import lake_compact
from event_processor.commands.main import main
from event_processor.lake.ranges import LogEntry
from event_processor.stores import warehouse_duckdb
from tests.integration.test_lake_rebuild import content, publish, rebuild
from tests.integration.test_lake_verify import STREAMS, files_of, kinds, verify
from tests.integration.test_warehouse_duckdb import held
from tests.lakes import SHARDS, VISIT, Lake, visit

PLACES = {"LAKE": "dir:lake", "WAREHOUSE": "duckdb:warehouse.duckdb"}
ROWS = "SELECT id, page, n, _shard, _sequence FROM web.visits ORDER BY id"


def run(*arguments: str, code: int = 0, **settings: str) -> str:
    """What a command of the lake prints."""
    done = CliRunner().invoke(main, ["lake", *arguments], env=PLACES | settings)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Four ranges of one hour with repeats, a conflict and rejects, one of the hour behind it, two of another shard."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "streams.yaml").write_text(STREAMS)
    publish(folder, VISIT.text)
    made = Lake(folder)
    made.put(visit(1), visit(2), b"no JSON", visit(1))
    made.put(visit(3), shard=1)
    made.deliver()
    made.put(visit(2, page="/other"), b'{"id":\n"v4"}')
    made.deliver()
    made.put(visit(5, n=5))
    made.put(visit(6), shard=1)
    made.deliver()
    made.put(b"no JSON either")
    made.deliver()
    made.clock.advance(3600)
    made.put(visit(7))
    made.deliver()
    return made


@pytest.fixture
def lake(made: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """One of its own for each test, and for the command, which has its clock."""
    copied = made.copied(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    monkeypatch.setattr(lake_compact, "SystemClock", lambda: copied.clock)
    return copied


def records(lake: Lake) -> list[bytes]:
    """The lines of all raw files."""
    return [
        line
        for name in files_of(lake, "raw/")
        for line in gzip.decompress(lake.files.get(name)).splitlines(keepends=True)
    ]


def a_day_later(lake: Lake) -> None:
    """And one second."""
    lake.clock.advance(timedelta(days=1).total_seconds() + 1)


def test_small_files_become_large_ones(lake: Lake) -> None:
    """One raw and one typed file an hour and shard; a day later the small ones are gone, and that is all."""
    before, rows, raw, was = sorted(records(lake)), lake.sql(ROWS), content(rebuild()), verify(code=0)["streams"]
    lines = run("compact").splitlines()
    assert lines[0].split() == ["stream", "ranges", "files", "into", "bytes", "removed", "to", "load", "left", "alone"]
    assert lines[1].split()[:4] == ["visits", "4", "7", "2"]
    lake.clock.advance(3 * 3600)
    run("compact")
    found = verify("--repeats", code=0)
    assert found["replaced"] == 7 + 4
    for replaced in (4, 0):  # the other shard, of which nothing had said that its hour was over
        lake.clock.advance(21.5 * 3600)
        run("compact")
        found = verify("--repeats", code=0)
        assert (found["replaced"], found["removed"]) == (replaced, 0)
    assert [line | {"files": 0} for line in found["streams"]] == [line | {"files": 0} for line in was]
    assert found["streams"][0]["files"] == 4 + 2 + 2
    assert (sorted(records(lake)), lake.sql(ROWS), content(rebuild())) == (before, rows, raw)
    verify("--repeats", code=0)
    assert run("compact").splitlines()[1].split() == ["visits", *"0000000"]


def test_readers_see_each_record_once(lake: Lake) -> None:
    """While small and large files stand side by side: typed files by their view, raw by the names of its files."""
    typed = """SELECT id, _sequence FROM web.visits ORDER BY id"""
    raw = """SELECT count(*), count(DISTINCT line->>'sequence') FROM raw.visits"""
    was = [run("query", sql, "--format", "csv", WAREHOUSE="none") for sql in (typed, raw)]
    run("compact")
    assert len(files_of(lake, "raw/")) == 7 + 1
    assert [run("query", sql, "--format", "csv", WAREHOUSE="none") for sql in (typed, raw)] == was
    assert was[1].splitlines()[1] == "11,11"


def test_a_warehouse_is_filled_from_large_files(lake: Lake) -> None:
    """By a delivery that finds an empty one, after the small files have gone: each range has its own rows and line."""
    rows = lake.sql(ROWS)
    lines = "SELECT shard, number, new_rows, repeats, conflicts FROM quality.loads ORDER BY ALL"
    loads = lake.sql(lines)
    for _ in range(3):
        a_day_later(lake)
        run("compact")
    lake.warehouse_file.rename(lake.warehouse_file.with_name("before.duckdb"))
    lake.put(visit(8))
    lake.deliver(turns=3)
    assert lake.sql(ROWS)[:-1] == rows
    assert set(loads) < set(lake.sql(lines))
    verify("--repeats", code=0)


def test_what_is_not_loaded_stays(lake: Lake) -> None:
    """The loader needs those files; what was loaded before is compacted later, with the rest of its hour."""
    lake.warehouse_file.unlink()
    assert run("compact").splitlines()[1].split() == ["visits", "0", "0", "0", "0", "0", "4", "0"]


@pytest.mark.parametrize("prefix", ["raw/", "typed/"])
def test_what_is_damaged_stays(lake: Lake, prefix: str) -> None:
    """It is told, and the ranges around it are compacted."""
    name = files_of(lake, prefix)[1]
    lake.files.put(name, lake.files.get(name)[:-1])
    assert f"{name}: altered" in run("compact", code=1)
    assert kinds() == {"altered": {name}}
    assert verify(code=1)["replaced"] > 0


@pytest.mark.parametrize("prefix", ["raw/", "typed/"])
def test_small_files_stay_if_a_large_one_is_damaged(lake: Lake, prefix: str) -> None:
    """They are the last copy."""
    small = [name for name in files_of(lake, prefix) if "hh=12" in name]
    run("compact")
    (large,) = [name for name in files_of(lake, prefix) if "hh=12" in name and name not in small]
    content = bytearray(lake.files.get(large))
    content[len(content) // 2] ^= 1
    lake.files.put(large, bytes(content))
    a_day_later(lake)
    assert f"{large}: altered" in run("compact", code=1)
    assert set(small) < set(files_of(lake, prefix))
    assert large in kinds()["altered"]


def test_a_large_file_of_other_ranges_is_found(lake: Lake) -> None:
    """Its hash is right, and a range in it is not what the log says: bytes of two ranges have changed places."""
    run("compact")
    name = next(each for each in files_of(lake, f"log/visits/{SHARDS[0]}/") if b'"parts"' in lake.files.get(each))
    entry = json.loads(lake.files.get(name))
    parts = entry["compaction"]["parts"]
    parts[0]["at"], parts[1]["at"] = parts[1]["at"], parts[0]["at"]
    lake.files.put(name, LogEntry.read(json.dumps(entry).encode()).written_out())
    assert "altered" in kinds()


def test_delivery_goes_on_behind_a_compaction(lake: Lake) -> None:
    """Also one that was at work meanwhile; the chain of the log has no gap, and an opening is found behind it."""
    run("compact")
    lake.put(visit(8), visit(9), shard=1)
    lake.put(visit(9))
    lake.deliver()
    found = verify("--repeats", code=0)
    assert found["streams"][0]["ranges"] == 9


def test_ranges_are_listed(lake: Lake) -> None:
    """Shard by shard, and of a stream range by range: where its files are, and whether it is loaded."""
    run("compact")
    shards = json.loads(run("ls", "--json"))
    assert [(each["shard"], each["ranges"], each["records"], each["compacted"]) for each in shards] == [
        (SHARDS[0], 5, 9, 4),
        (SHARDS[1], 2, 2, 0),
    ]
    ranges = json.loads(run("ls", "visits", "--shard", SHARDS[0], "--json"))
    assert [each["state"] for each in ranges] == ["loaded", *["compacted"] * 4]
    assert [each["rows"] for each in ranges] == [1, 0, 1, 2, 3]
    late = json.loads(run("ls", "visits", "--since", "2026-01-02T13:00:00", "--json"))
    assert [each["number"] for each in late] == [ranges[0]["number"]]
    assert len(json.loads(run("ls", "visits", "--state", "compacted", "--json"))) == 4
    for name in files_of(lake, "raw/visits/dt=2026-01-02/hh=13"):
        lake.files.delete(name)
    assert json.loads(run("ls", "visits", "--json"))[0]["state"] == "history"
    lake.put(visit(8))
    lake.deliver(load=False)
    assert json.loads(run("ls", "--json"))[0]["to_load"] == 1
    table = run("ls").splitlines()
    assert [len(table), table[0].split()[:3]] == [3, ["stream", "shard", "ranges"]]
    assert "allowed: visits" in run("ls", "nobody", code=2)


def test_it_waits_for_a_load(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that has DuckDB's file open for half a minute, on a machine that is busy, does not end a command."""
    seconds = 0.0
    with held(lake.warehouse_file, "writes") as process:

        def sleep(_pause: float) -> None:
            nonlocal seconds
            seconds += 11
            if seconds > 30:
                process.kill()
                process.wait()

        monkeypatch.setattr(warehouse_duckdb, "time", SimpleNamespace(monotonic=lambda: seconds, sleep=sleep))
        run("compact")
    assert seconds > 30
