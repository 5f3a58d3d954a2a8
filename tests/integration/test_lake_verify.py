"""`event-processor lake verify`: a lake that is whole passes, and each planted damage is found and named."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from event_processor.commands.main import main
from event_processor.lake.ranges import LogEntry, digest
from event_processor.stores.warehouse_duckdb import DuckDBWarehouse
from tests.lakes import SHARDS, VISIT, VISITS, Lake, visit
from tests.unit.lake.tabling import stream

STREAMS = "streams: {visits: {contract: visit, id: id, table: web.visits}}\n"
FIRST, SECOND = (f"log/visits/{shard}/" for shard in SHARDS)


def provide(folder: Path, streams: str) -> None:
    """What the command finds there."""
    (folder / "streams.yaml").write_text(streams)
    there = folder / "contracts" / "visit"
    there.mkdir(parents=True)
    (there / "1-0-0.json").write_text(VISIT.text)
    (there / "live").write_text("1-0-0\n")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three deliveries, with rejects, repeats and a conflict."""
    folder = tmp_path_factory.mktemp("whole")
    provide(folder, STREAMS)
    made = Lake(folder)
    made.put(visit(1), visit(2), b"no JSON", visit(1), visit(2, page="/other"))
    made.deliver()
    made.put(visit(3), visit(2), shard=1)
    made.put(visit(4, n=4), visit(5))
    made.deliver()
    made.clock.advance(24 * 3600)
    made.put(visit(6))
    made.deliver()
    return made


@pytest.fixture
def lake(whole: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A copy of it."""
    made = whole.copied(tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return made


def verify(*options: str, code: int, **settings: str) -> dict[str, Any]:
    """The command's JSON."""
    environment = {"LAKE": "dir:lake", "WAREHOUSE": "duckdb:warehouse.duckdb", **settings}
    done = CliRunner().invoke(main, ["lake", "verify", "--json", *options], env=environment)
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def kinds(*options: str, **settings: str) -> dict[str, set[str]]:
    """The findings of a lake that is damaged: which places of each kind."""
    found: dict[str, set[str]] = {}
    for each in verify(*options, code=1, **settings)["findings"]:
        found.setdefault(each["kind"], set()).add(each["place"])
    return found


def files_of(lake: Lake, prefix: str) -> list[str]:
    """In order."""
    return list(lake.files.names(prefix))


def altered(lake: Lake, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Write an entry again, and those behind it, so that all hashes are right: by somebody who knows how."""
    folder, before = name.rpartition("/")[0] + "/", None
    for each in files_of(lake, folder):
        entry = json.loads(lake.files.get(each))
        if each == name:
            change(entry)
        if before is not None:
            entry["predecessor"] = before
        content = LogEntry.read(json.dumps(entry).encode()).written_out()
        lake.files.put(each, content)
        before = digest(content)


def test_a_whole_lake_passes(lake: Lake) -> None:
    """Repeats, conflicts and rejects are accounted for: what was accepted is there once."""
    assert lake.sql("SELECT count(*) FROM web.visits") == [(6,)]
    found = verify("--repeats", code=0)
    assert found["streams"] == [
        {
            "stream": "visits", "shards": 2, "ranges": 4, "files": 9, "records": 10, "rows": 9, "rejects": 1,
            "new_rows": 6, "repeats": 2, "conflicts": 1, "to_load": 0, "on_stream": None,
        }
    ]  # fmt: skip
    assert (found["removed"], found["under_way"]) == (0, 0)
    assert verify(code=0, WAREHOUSE="none")["streams"][0]["new_rows"] is None


def test_rows_without_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of a stream that has no `id` is held against its files, too, row by row."""
    provide(tmp_path, STREAMS.replace("id: id, ", ""))
    monkeypatch.chdir(tmp_path)
    lake = Lake(tmp_path, visits=stream("visit", "web.visits", "visits"))
    lake.put(visit(1), visit(1), visit(2))
    lake.deliver()
    assert verify(code=0)["streams"][0]["new_rows"] == 3
    lake.sql("DELETE FROM web.visits WHERE id = 'v2'")
    assert kinds()["row_gone"] == {"web.visits shardId-000000000000/121"}


def test_it_prints_a_table(lake: Lake) -> None:
    """For people: a line for each stream, and what was found."""
    environment = {"LAKE": "dir:lake", "WAREHOUSE": "duckdb:warehouse.duckdb"}
    done = CliRunner().invoke(main, ["lake", "verify"], env=environment)
    assert (done.exit_code, "everything holds" in done.output) == (0, True), done.output
    lake.sql("DELETE FROM web.visits WHERE id = 'v4'")
    done = CliRunner().invoke(main, ["lake", "verify"], env=environment)
    assert done.exit_code == 1
    assert "row_gone" in done.output


@pytest.mark.parametrize("prefix", ["raw/", "typed/", "rejects/deliver/"])
def test_a_file_that_is_gone(lake: Lake, prefix: str) -> None:
    """It is named, and nothing else is said of its rows."""
    name = files_of(lake, prefix)[-1]
    lake.files.delete(name)
    assert kinds() == {"file_gone": {name}}


@pytest.mark.parametrize("prefix", ["raw/", "typed/", "rejects/deliver/"])
def test_altered_bytes(lake: Lake, prefix: str) -> None:
    """One bit of a file."""
    name = files_of(lake, prefix)[0]
    content = bytearray(lake.files.get(name))
    content[len(content) // 2] ^= 1
    lake.files.put(name, bytes(content))
    assert kinds()["altered"] == {name}


def test_an_altered_raw_file_whose_hash_was_altered_with_it(lake: Lake) -> None:
    """A record was taken out, and the log says the right hash: the counts do not agree any more."""
    name = files_of(lake, "raw/")[0]
    lines = gzip.decompress(lake.files.get(name)).splitlines(keepends=True)
    content = gzip.compress(b"".join(lines[:1] + lines[2:]))
    lake.files.put(name, content)

    def change(entry: dict[str, Any]) -> None:
        entry["files"][0] |= {"sha256": digest(content), "bytes": len(content)}

    altered(lake, files_of(lake, FIRST)[1], change)
    assert kinds()["count"] == {name, files_of(lake, FIRST)[1]}


def test_a_row_that_is_gone(lake: Lake) -> None:
    """By the table, shard and sequence number of its record."""
    ((shard, sequence),) = lake.sql("SELECT _shard, _sequence FROM web.visits WHERE id = 'v4'")
    lake.sql("DELETE FROM web.visits WHERE id = 'v4'")
    assert kinds()["row_gone"] == {f"web.visits {shard}/{sequence}"}


def test_a_row_that_is_there_twice_or_of_no_record(lake: Lake) -> None:
    """Whoever inserted it."""
    ((shard, sequence),) = lake.sql("SELECT _shard, _sequence FROM web.visits WHERE id = 'v3'")
    lake.sql("INSERT INTO web.visits SELECT * FROM web.visits WHERE id = 'v3'")
    assert kinds() == {"row_twice": {f"web.visits {shard}/{sequence}"}}
    assert "repeat" in kinds("--repeats")
    lake.sql("INSERT INTO web.visits (id, _shard, _sequence, _arrived) VALUES ('x', 'other', '7', now()::TIMESTAMP)")
    assert kinds()["row_foreign"] == {"web.visits other/7"}


def test_a_row_with_other_values(lake: Lake) -> None:
    """Somebody updated the table."""
    lake.sql("UPDATE web.visits SET page = '/elsewhere' WHERE id = 'v5'")
    assert set(kinds()) == {"row_altered"}


def test_a_range_that_is_there_twice(lake: Lake) -> None:
    """Its entry once more behind the newest, with all hashes right."""
    names = files_of(lake, FIRST)
    entry = json.loads(lake.files.get(names[1]))
    number = len(names) + 1
    entry |= {"number": number, "predecessor": digest(lake.files.get(names[-1]))}
    lake.files.put(f"{FIRST}{number:012}.json", LogEntry.read(json.dumps(entry).encode()).written_out())
    assert f"{FIRST}{number:012}.json" in kinds()["range_twice"]


def test_a_gap_in_the_log(lake: Lake) -> None:
    """An entry in the middle is gone; its files are foreign then, and its rows."""
    names = files_of(lake, FIRST)
    of = LogEntry.read(lake.files.get(names[1]))
    lake.files.delete(names[1])
    found = kinds()
    assert found["gap"] == {names[1]}
    assert {file.name for file in of.files} == found["foreign"]


def test_the_end_of_a_log_is_gone(lake: Lake) -> None:
    """Nothing in the log says so; its files and its rows do."""
    name = files_of(lake, SECOND)[1]
    lake.clock.advance(60)
    lake.put(visit(9))
    lake.deliver()
    assert LogEntry.read(lake.files.get(name)).first
    for each in files_of(lake, SECOND)[1:]:
        lake.files.delete(each)
    assert {"foreign", "load_unlogged", "row_foreign"} <= kinds().keys()


def test_an_altered_entry(lake: Lake) -> None:
    """The next one has its hash."""
    names = files_of(lake, FIRST)
    entry = json.loads(lake.files.get(names[1]))
    lake.files.put(names[1], LogEntry.read(json.dumps(entry | {"until": None}).encode()).written_out())
    assert kinds() == {"altered": {names[2]}}
    lake.files.put(names[1], b"{}")
    assert names[1] in kinds()["altered"]


def test_foreign_files(lake: Lake) -> None:
    """What readers of the folders would see; what a delivery is storing at the moment is told and is none."""
    foreign = "typed/web/visits/dt=2026-01-02/hh=12/mine.parquet"
    lake.files.put(foreign, b"")
    under_way = f"raw/visits/dt=2026-01-03/hh=12/{SHARDS[0]}-99990-99999-3.ndjson.gz"
    lake.files.put(under_way, b"")
    lake.files.put("swept/dt=2026-01-02/raw/other", b"")
    found = verify(code=1)
    assert [(each["kind"], each["place"]) for each in found["findings"]] == [("foreign", foreign)]
    assert found["under_way"] == 1


def test_a_lifecycle_rule_removes_what_is_old(lake: Lake) -> None:
    """All of a day is gone, and nothing older is left: history. Part of a day: damage."""
    old = files_of(lake, "raw/visits/dt=2026-01-02/")
    kept = old.pop()
    for name in old:
        lake.files.delete(name)
    assert kinds() == {"file_gone": set(old)}
    lake.files.delete(kept)
    assert verify(code=0)["removed"] == len(old) + 1
    for name in files_of(lake, "typed/web/visits/dt=2026-01-02/"):
        lake.files.delete(name)
    assert verify(code=0)["removed"] > len(old) + 1


def test_a_load_and_a_reject_that_are_gone(lake: Lake) -> None:
    """The warehouse's own books."""
    lake.sql("DELETE FROM quality.loads WHERE number = 2 AND shard LIKE '%0'")
    assert "load_gone" in kinds()
    lake.sql("DELETE FROM quality.rejects WHERE reason != 'id_conflict'")
    assert "reject_gone" in kinds()


def test_rejects_of_other_jobs(lake: Lake) -> None:
    """No log names their files: each can be read, and what was loaded of it is in its table."""
    name = "rejects/inspect/dt=2026-01-02/hh=12/1.ndjson.gz"
    reject = json.loads(gzip.decompress(lake.files.get(files_of(lake, "rejects/deliver/")[0])))
    lake.files.put(name, gzip.compress(json.dumps(reject | {"reject_id": "theirs"}).encode() + b"\n"))
    DuckDBWarehouse(lake.warehouse_file, lake.files, [VISITS], timedelta(hours=24)).load_rejects()
    assert verify(code=0)["rejects_of_others"] == 1
    lake.sql("DELETE FROM quality.rejects WHERE reject_id = 'theirs'")
    assert kinds() == {"reject_gone": {name}}
    lake.files.put(name, lake.files.get(name)[:-9])
    assert kinds() == {"altered": {name}}


def test_a_range_that_is_not_loaded(lake: Lake) -> None:
    """It waits for long: nobody loads."""
    lake.put(visit(7))
    lake.deliver(load=False)
    assert set(kinds()) == {"not_loaded"}


def test_a_warehouse_that_is_gone(lake: Lake) -> None:
    """A table, or all of it."""
    lake.sql("DROP TABLE web.visits")
    assert kinds() == {"table_gone": {"web.visits"}}
    lake.warehouse_file.unlink()
    environment = {"LAKE": "dir:lake", "WAREHOUSE": "duckdb:warehouse.duckdb"}
    assert CliRunner().invoke(main, ["lake", "verify"], env=environment).exit_code == 1
