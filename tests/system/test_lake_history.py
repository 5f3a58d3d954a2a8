"""What streams and contracts go through while their lake stays: made again, forgotten, no longer kept, and changed."""

import json
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.inspecting import page
from tests.system.delivering import LakeWorld
from tests.system.processes import Emulator

pytestmark = pytest.mark.prove  # each has processes enough for ten seconds
UNPLANNED = "a field that the contract does not name: it is in raw and not in the table"
GAP = "gap: records were perhaps missed, since the stream no longer keeps them"


def _refused(world: LakeWorld) -> str:
    """What a delivery says that must not begin."""
    deliverer = world.deliverer()
    try:
        assert deliverer.exit_code() == 1
        return deliverer.errors
    finally:
        deliverer.kill()


def _deliver(world: LakeWorld, records: int, **settings: str) -> None:
    """Some records into the lake, and the end of that delivery."""
    world.put("tracking", *(page(age=number) for number in range(records)))
    with world.deliverer(**settings) as deliverer:
        deliverer.wait_for("records_total", records)
        assert deliverer.terminate() == 0


def test_a_stream_that_is_another_one_is_refused(tmp_path: Path) -> None:
    """Made again, or of an emulator that forgot while the lake stayed: told with the way on, which works."""
    with Emulator(tmp_path) as aws:
        world = LakeWorld(tmp_path, aws, "tracking", "plain")
        _deliver(world, 20)
        before = {path: path.read_bytes() for path in world.files(".")}
        aws.admin("POST", "action", {"do": "recreate_stream", "stream": "tracking"})
        told = _refused(world)
    assert "stream tracking was recreated at" in told
    assert "LAKE" in told

    with Emulator(tmp_path) as forgetful:
        forgotten = LakeWorld(tmp_path, forgetful, "tracking", "plain")
        told = _refused(forgotten)
        assert "was recreated at" in told
        assert told.count('"stopping"') == 1  # of both streams; the grace period begins once
        assert {path: path.read_bytes() for path in world.files(".") if path in before} == before
        forgotten.lake = tmp_path / "lake-2"
        more = {"LAKE": f"dir:{forgotten.lake}", "WAREHOUSE": f"duckdb:{tmp_path}/warehouse-2.duckdb"}
        _deliver(forgotten, 30, **more)
    world.check("tracking")
    forgotten.check("tracking")


def test_a_delivery_that_was_away_for_longer_than_the_stream_keeps_records(tmp_path: Path) -> None:
    """A position older than the retention: the gap is told with its times and counted, and the delivery goes on."""
    with Emulator(tmp_path) as aws:
        world = LakeWorld(tmp_path, aws, "tracking", "plain")
        _deliver(world, 20)
        for folder in (path for path in (world.lake / "log" / "tracking").iterdir() if path.is_dir()):
            newest = max(folder.glob("*.json"))
            entry = json.loads(newest.read_bytes())
            entry["until"] = "2026-01-02T03:04:05Z"
            newest.write_text(json.dumps(entry))
        world.put("tracking", *(page(age=number) for number in range(20, 40)))
        with world.deliverer() as deliverer:
            told = deliverer.written(GAP, times=2)
            assert deliverer.metric("gaps_total") == 2
            eventually(lambda: world.is_whole("tracking"), "the others to be in raw", 60)
            assert deliverer.terminate() == 0

    assert {line["since"] for line in told} == {"2026-01-02T03:04:05+00:00"}
    assert {line["shard"].split("/")[0] for line in told} == {"tracking"}


def test_a_field_that_nobody_planned(tmp_path: Path) -> None:
    """It is told and counted, the load goes on; once its contract is published it is a column, without a restart."""
    with Emulator(tmp_path) as aws:
        world = LakeWorld(tmp_path, aws, "tracking", "plain")
        with world.deliverer() as deliverer:
            world.put("tracking", page(age=1, colour="red"), page(age=2))
            deliverer.written(UNPLANNED, subject="page/Home", pointer="/colour")
            deliverer.wait_for("rows_loaded_total", 2)
            world.publish("page/Home", "1-1-0", colour={"type": "string"})
            number = 3

            def is_known() -> bool:
                nonlocal number
                world.put("tracking", page(age=number, colour="blue"))
                number += 1
                return "colour" in _columns(world)

            eventually(is_known, "the column", 60)
            deliverer.wait_for("rows_loaded_total", number - 1)
            assert deliverer.terminate() == 0

    assert world.query("SELECT colour FROM tracking.pages WHERE age < 3 ORDER BY age") == [(None,), (None,)]
    assert world.query("SELECT count(*) FROM tracking.pages WHERE colour = 'blue'")[0][0] > 0


def _columns(world: LakeWorld) -> list[str]:
    """Those of the table; none while a load has the file."""
    import duckdb  # noqa: PLC0415 - heavy

    try:
        return [row[0] for row in world.query("SELECT column_name FROM information_schema.columns")]
    except duckdb.Error:
        return []
