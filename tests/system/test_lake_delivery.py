"""The real delivery, from a stream into a lake in a folder: what was sent is there once, to the byte."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.inspecting import page
from tests.system.delivering import LakeWorld
from tests.system.processes import Emulator


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LakeWorld]:
    """Streams that nobody delivers yet."""
    with Emulator(tmp_path) as aws:
        yield LakeWorld(tmp_path, aws)


def test_all_that_was_sent_is_in_the_lake_once(world: LakeWorld) -> None:
    """Valid, invalid, binary and multi-line payloads of two streams are in raw to the byte, rejects and rows beside."""
    odd = [b"", b"\xff\x00", b'{"type":\n"page"}', b'{"type": "page", "name": "Nowhere"}', page(age="old")]
    with world.deliverer() as deliverer:
        world.put("tracking", *(page(age=number) for number in range(700)), *odd[1:])
        world.put("plain", *(page(age=number) for number in range(50)), b"\xf3\x89\x9a\xc2")
        eventually(lambda: world.is_whole("tracking") and world.is_whole("plain"), "all to be in raw", 60)
        assert deliverer.reasons() == []
        page_shown = deliverer.get("/")[1]
        eventually(lambda: deliverer.metric("records_total") == 755, "the entries that name the files")
        assert deliverer.terminate() == 0

    for stream in ("tracking", "plain"):
        world.check(stream)
    entries = [entry for shard in world.entries("tracking").values() for entry in shard]
    assert sum(entry["rejects"] for entry in entries) == 4
    assert sum(file["rows"] for entry in entries for file in entry["files"] if file["kind"] == "typed") == 700
    assert world.query("SELECT count(*), count(DISTINCT (_shard, _sequence)) FROM tracking.pages") == [(700, 700)]
    assert world.query("SELECT count(*) FROM quality.rejects WHERE source = 'tracking'") == [(4,)]
    assert "tracking" in page_shown
    assert json.dumps(deliverer.lines("stopped")) != "[]"


@pytest.mark.prove
def test_killed_and_gone_on(world: LakeWorld) -> None:
    """After a kill the next delivery goes on behind the log: once in raw, and what the dead one left is swept."""
    world.put("tracking", *(page(age=number) for number in range(400)))
    with world.deliverer() as first:
        eventually(lambda: world.files("raw/tracking"), "the first files", 60)
        first.signal(signal.SIGKILL)
    world.put("tracking", *(page(age=number) for number in range(400, 800)))
    with world.deliverer() as second:
        eventually(lambda: world.is_whole("tracking"), "all to be in raw once", 60)
        assert second.terminate() == 0

    world.check("tracking")
    assert world.query("SELECT count(*), count(DISTINCT (_shard, _sequence)) FROM tracking.pages") == [(800, 800)]


@pytest.mark.prove
def test_the_newer_delivery_wins(world: LakeWorld) -> None:
    """A second delivery takes over: the first one writes nothing more and ends with 1, and all is in raw once."""
    with world.deliverer() as first:
        world.put("tracking", *(page(age=number) for number in range(300)))
        eventually(lambda: world.is_whole("tracking"), "the first records to be in raw", 60)
        with world.deliverer() as second:
            second.wait_until_ready()
            world.put("tracking", *(page(age=number) for number in range(300, 900)))
            assert first.exit_code() == 1
            assert "delivery 2 of stream" in first.errors
            eventually(lambda: world.is_whole("tracking"), "all to be in raw once", 60)
            assert second.terminate() == 0

    world.check("tracking")
    assert world.query("SELECT count(*), count(DISTINCT (_shard, _sequence)) FROM tracking.pages") == [(900, 900)]
