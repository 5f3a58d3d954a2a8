"""The real delivery killed again and again, without a word, while its stream misbehaves and is split."""

import random
import time
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.inspecting import page
from tests.system.delivering import LakeWorld
from tests.system.processes import Emulator

KILLS = 24
_RECORDS = 400  # between two kills


@pytest.mark.prove
def test_killed_at_any_moment(tmp_path: Path) -> None:
    """24 kills at random moments, failing reads, expired iterators and a split: all once in raw and in the table."""
    chance = random.Random(15)
    with Emulator(tmp_path) as aws:
        world = LakeWorld(tmp_path, aws, "tracking")
        (tmp_path / "streams.yaml").write_text(
            'streams:\n  tracking:\n    contract: "{type}/{event|name}"\n    id: id\n    table: tracking.pages\n'
        )
        world.publish("page/Home", "1-0-1", id={"type": "string"})
        number = 0
        for kill in range(KILLS):
            reads = ["GetRecords", "GetShardIterator", "ListShards"]
            aws.set_faults(
                throttle_reads=True, empty_reads=0.2, iterator_seconds=0.5, fail_call=0.1, fail_operations=reads
            )
            with world.deliverer(LAKE_FLUSH_SECONDS="0.5") as deliverer:
                world.put("tracking", *(page(age=each, id=str(each)) for each in range(number, number + _RECORDS)))
                world.put("tracking", b"\xff%d\n" % number, page(age="old", id=f"bad {number}"))
                number += _RECORDS
                time.sleep(chance.uniform(0.0, 2.0))  # the moment of the kill, not a wait for something to happen
                deliverer.kill()
            if kill == KILLS // 2:
                aws.admin(
                    "POST", "action", {"do": "split_shard", "stream": "tracking", "shard": "shardId-000000000000"}
                )
        aws.set_faults()
        with world.deliverer() as deliverer:
            eventually(lambda: world.is_whole("tracking"), "all to be in raw once", 120)
            assert deliverer.terminate() == 0

    world.check("tracking")
    assert len(world.sent["tracking"]) == KILLS * (_RECORDS + 2)
    counts = "SELECT count(*), count(DISTINCT id), count(DISTINCT (_shard, _sequence)) FROM tracking.pages"
    assert world.query(counts) == [(number, number, number)]
    assert world.query("SELECT count(*) FROM quality.rejects") == [(2 * KILLS,)]
    entries = [entry for shard in world.entries("tracking").values() for entry in shard]
    assert sum(entry["rejects"] for entry in entries) == 2 * KILLS
    assert len({entry["delivery"] for entry in entries}) > KILLS // 2, "most of them got as far as an opening"
