"""`lake verify` and `compact` of a lake in a bucket, and `verify --stream` against what a stream retains."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from event_processor.commands import lake_compact
from event_processor.consuming.records import StreamRecord
from event_processor.stores.objects_bucket import BucketObjects
from event_processor.telling import FanOut
from tests.contract.backends import local, moto, new_name
from tests.integration.test_lake_compact import a_day_later, run
from tests.integration.test_lake_rebuild import publish
from tests.integration.test_lake_verify import STREAMS, files_of, verify
from tests.lakes import SHARDS, VISIT, VISITS, Lake, visit


class World(NamedTuple):
    """A lake in a bucket, the stream that it is of, and the settings of both."""

    lake: Lake
    kinesis: Any
    settings: dict[str, str]

    def put(self, *payloads: bytes, into_lake: bool = True) -> None:
        """Onto the stream, and into the lake's reader, unless delivery is to miss it."""
        for place, data in enumerate(payloads):
            to = {"StreamName": VISITS.name, "PartitionKey": str(place), "ExplicitHashKey": str(place % 2 << 127)}
            done = self.kinesis.put_record(Data=data, **to)
            if into_lake:
                record = StreamRecord(done["SequenceNumber"], str(place), self.lake.clock.now(), data)
                self.lake.records[done["ShardId"]].append(record)

    def findings(self) -> dict[str, str]:
        """What of `verify --stream`."""
        found = verify("--stream", code=1, **self.settings)["findings"]
        return {each["kind"]: each["place"] for each in found}


@pytest.fixture(scope="module")
def endpoints() -> Iterator[tuple[str, str]]:
    """Of S3 and of Kinesis."""
    with moto() as s3, local() as kinesis:
        yield s3, kinesis


@pytest.fixture
def world(endpoints: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """With nothing in it."""
    session, bucket = boto3.Session("test", "test", region_name="us-east-1"), new_name()
    s3 = session.client("s3", endpoint_url=endpoints[0])
    s3.create_bucket(Bucket=bucket)
    kinesis = session.client("kinesis", endpoint_url=endpoints[1])
    kinesis.create_stream(StreamName=VISITS.name, ShardCount=2)
    (tmp_path / "streams.yaml").write_text(STREAMS)
    publish(tmp_path, VISIT.text)
    monkeypatch.chdir(tmp_path)
    lake = Lake(tmp_path, BucketObjects(s3, bucket, "pre", FanOut()))
    monkeypatch.setattr(lake_compact, "SystemClock", lambda: lake.clock)
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    places = {"AWS_ENDPOINT_URL_S3": endpoints[0], "AWS_ENDPOINT_URL": endpoints[1], "LAKE": f"s3://{bucket}/pre"}
    yield World(lake, kinesis, credentials | places)
    kinesis.delete_stream(StreamName=VISITS.name)


@pytest.mark.prove
def test_a_compacted_bucket_holds_and_has_what_the_stream_has(world: World) -> None:
    """Sequence number by sequence number, while small and large files are there, and afterwards."""
    for number in range(3):
        world.put(visit(number), visit(number + 10), b"\xff\n", visit(number + 20), b"no JSON")
        world.lake.deliver()
    for _ in range(2):
        a_day_later(world.lake)
        run("compact", code=0, **world.settings)
        line = verify("--stream", "--repeats", code=0, **world.settings)["streams"][0]
        assert (line["records"], line["on_stream"], line["new_rows"]) == (15, 15, 9)
    assert len(files_of(world.lake, "raw/")) == len(SHARDS)
    large = files_of(world.lake, "typed/")[0]
    world.lake.files.delete(large)
    found = verify(code=1, **world.settings)["findings"]
    assert [(each["kind"], each["place"]) for each in found] == [("file_gone", large)]


def test_what_the_stream_has_and_the_lake_has_not(world: World) -> None:
    """A record that delivery missed, one that it made up, and one that it altered; what came later is none of them."""
    world.put(visit(1))
    world.put(visit(2), into_lake=False)
    world.put(*(visit(number) for number in range(3, 9)))
    shard = max(world.lake.records.values(), key=len)
    altered = shard[-1]
    shard[-1] = altered._replace(data=visit(99))
    *_, at = (at for at, (one, other) in enumerate(pairwise(shard)) if int(other.sequence) - int(one.sequence) > 1)
    before = shard[at]
    made_up = str(int(before.sequence) + 1)
    shard.insert(at + 1, before._replace(sequence=made_up, data=visit(50)))
    world.lake.deliver()
    world.put(visit(100), into_lake=False)
    found = world.findings()
    assert found.keys() == {"not_in_lake", "not_on_stream", "altered"}
    assert found["not_on_stream"].endswith(made_up)
    assert found["altered"].endswith(altered.sequence)
