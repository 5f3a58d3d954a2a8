"""What a reader relies on in Checkpoints: the same checks on a directory, a table and objects of a folder or a bucket.

The table and the bucket are moto's.
"""

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from event_processor.aws.tables import provision_table
from event_processor.consuming.ports import Checkpoints, Origin
from event_processor.consuming.records import Position
from event_processor.errors import CallFailed
from event_processor.stores.checkpoint_directory import DirectoryCheckpoints
from event_processor.stores.checkpoint_objects import ObjectCheckpoints
from event_processor.stores.checkpoint_table import READER, SHARD, TableCheckpoints
from event_processor.stores.objects import Objects
from event_processor.stores.objects_bucket import BucketObjects
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.testing import RecordingObserver
from tests.contract import backends

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LOW, HIGH = "9", "49" + "0" * 54
"""As text, the lower number comes last."""

Opening = Callable[[str, str], Checkpoints]


@pytest.fixture(scope="module")
def table(endpoints: Callable[[str], str]) -> str:
    """A table on moto, made as users make it."""
    name = backends.new_name()
    provision_table(backends.clients(endpoints(backends.MOTO)).dynamodb(pool=1), name, READER, SHARD)
    return name


@pytest.fixture(params=["directory", "table", "objects", "bucket"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Opens the checkpoints of a job and a stream, as often as one likes: each time as another process does."""
    if request.param == "directory":
        yield lambda job, stream: DirectoryCheckpoints(tmp_path, job, stream)
        return
    if request.param in {"objects", "bucket"}:
        objects: Objects = DirectoryObjects(tmp_path)
        if request.param == "bucket":
            s3 = backends.clients(request.getfixturevalue("endpoints")(backends.MOTO)).s3(pool=1)
            bucket = backends.new_name()
            s3.create_bucket(Bucket=bucket)
            objects = BucketObjects(s3, bucket, "state", RecordingObserver())
        yield lambda job, stream: ObjectCheckpoints(objects, f"{job}-{stream}")
        return
    table, endpoint = request.getfixturevalue("table"), request.getfixturevalue("endpoints")(backends.MOTO)
    job_suffix = backends.new_name()
    yield lambda job, stream: TableCheckpoints(
        backends.clients(endpoint).dynamodb(pool=1), table, job + job_suffix, stream, RecordingObserver()
    )


def test_the_first_origin_counts(opening: Opening) -> None:
    """Where reading began stays known, whatever a later process would begin with; each stream has its own."""
    first, later = Origin(NOW, None), Origin(NOW + timedelta(days=1), NOW)

    assert opening("inspect", "events").begin(first) == first
    assert opening("inspect", "events").begin(later) == first
    assert opening("inspect", "others").begin(later) == later


def test_checkpoints_are_found_by_the_next_process(opening: Opening) -> None:
    """Every part of a position comes back as it was, and jobs and streams do not see each other's."""
    positions = {
        "shardId-000000000000": Position(HIGH, NOW, ended=True),
        "shardId-000000000001": Position(LOW, NOW),
        "shardId-000000000002": Position(None, NOW),
        "shardId-000000000003": Position(None, None, ended=True),
    }
    opening("inspect", "events").begin(Origin(NOW, None))
    for shard, position in positions.items():
        assert opening("inspect", "events").advance(shard, position) is None

    assert opening("inspect", "events").read() == positions
    assert opening("inspect", "others").read() == opening("monitor", "events").read() == {}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (Position(None, NOW), Position(LOW, NOW)),
        (Position(LOW, NOW), Position(HIGH, NOW)),
        (Position(HIGH, NOW), Position(HIGH, NOW + timedelta(microseconds=1))),
        (Position(HIGH, NOW), Position(HIGH, NOW, ended=True)),
        (Position(LOW, None), Position(LOW, NOW)),
    ],
)
def test_a_checkpoint_never_goes_back(opening: Opening, earlier: Position, later: Position) -> None:
    """Of two readers the one that is further counts; each hears what was there."""
    one, other = opening("inspect", "events"), opening("inspect", "events")

    assert one.advance("shard", earlier) is None
    assert other.advance("shard", later) == earlier
    assert one.advance("shard", earlier) == later
    assert one.advance("shard", later) == later
    assert one.read() == {"shard": later}


def test_many_at_once(opening: Opening) -> None:
    """However writes of several readers meet, the furthest one stays."""
    others = [opening("inspect", "events") for _ in range(4)]

    def write(number: int) -> None:
        for step in range(5):
            others[number].advance("shard", Position(str(step * 4 + number), NOW))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert opening("inspect", "events").read() == {"shard": Position("19", NOW)}


def test_more_shards_than_a_page_holds(opening: Opening) -> None:
    """All checkpoints are read, and those that are forgotten are gone."""
    checkpoints = opening("inspect", "events")
    checkpoints.begin(Origin(NOW, None))
    for number in range(30):
        checkpoints.advance(f"shard-{number}", Position(str(number), NOW))
    checkpoints.forget("shard-7")
    checkpoints.forget("shard-7")

    assert len(checkpoints.read()) == 29


def test_a_store_that_is_not_there(tmp_path: Path, endpoints: Callable[[str], str]) -> None:
    """A failure is a CallFailed that names the place."""
    (tmp_path / "file").write_text("")
    client = backends.clients(endpoints(backends.MOTO)).dynamodb(pool=1)
    broken: list[Checkpoints] = [
        DirectoryCheckpoints(tmp_path / "file", "inspect", "events"),
        TableCheckpoints(client, "missing", "inspect", "events", RecordingObserver()),
    ]
    for checkpoints in broken:
        with pytest.raises(CallFailed):
            checkpoints.begin(Origin(NOW, None))
        with pytest.raises(CallFailed):
            checkpoints.advance("shard", Position(LOW, NOW))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sequence": 7, "ended": false}', '{"ended": "no"}'])
def test_a_file_that_was_damaged(tmp_path: Path, content: str) -> None:
    """What is not a position is told with its file, never taken for the beginning."""
    checkpoints = DirectoryCheckpoints(tmp_path, "inspect", "events")
    checkpoints.advance("shard", Position(LOW, NOW))
    (tmp_path / "inspect" / "events" / "shard.json").write_text(content)

    with pytest.raises(CallFailed, match=r"shard\.json"):
        checkpoints.read()


def test_files_are_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails in the middle of a write leaves the checkpoint that was there."""
    checkpoints = DirectoryCheckpoints(tmp_path, "inspect", "events")
    checkpoints.advance("shard", Position(LOW, NOW))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CallFailed, match="ENOSPC"):
            checkpoints.advance("shard", Position(HIGH, NOW))

    assert checkpoints.read() == {"shard": Position(LOW, NOW)}
