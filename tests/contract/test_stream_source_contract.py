"""What a reader relies on in a StreamSource: the same checks on local_aws and on moto, by both transports."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from event_processor.aws.kinesis_reader import KinesisReader
from event_processor.consuming.records import Page
from event_processor.errors import CallFailed, IteratorExpired, ReadThrottled, ShardGone
from event_processor.testing import RecordingObserver
from local_aws import Faults, LocalAws
from tests.contract import backends

pytestmark = pytest.mark.usefixtures("transport")
FIRST = "shardId-000000000000"


class Stream:
    """A new stream, and what reads it."""

    def __init__(self, endpoint: str, shards: int = 1) -> None:
        clients = backends.clients(endpoint)
        self.kinesis = clients.kinesis(pool=1)
        self.name = backends.new_name()
        self.kinesis.create_stream(StreamName=self.name, ShardCount=shards)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.name, WaiterConfig={"Delay": 1})
        self.source = KinesisReader(clients.reading(pool=1), self.name, RecordingObserver())

    def put(self, *payloads: bytes) -> list[str]:
        """Records of the same key; their sequence numbers."""
        return [
            self.kinesis.put_record(StreamName=self.name, Data=data, PartitionKey="key")["SequenceNumber"]
            for data in payloads
        ]

    def read(self, after: str | None = None, since: datetime | None = None, limit: int = 100) -> Page:
        """From the first shard."""
        return self.source.read(self.source.iterator(FIRST, after, since), limit)


@pytest.fixture(scope="module", params=[backends.LOCAL, backends.MOTO])
def new_stream(request: pytest.FixtureRequest, endpoints: Callable[[str], str]) -> Callable[..., Stream]:
    """Makes streams of one back end."""
    return lambda shards=1: Stream(endpoints(request.param), shards)


def test_records_come_whole_and_in_order(new_stream: Callable[..., Stream]) -> None:
    """Bytes, key, number and time of arrival are as they were put, page after page."""
    stream = new_stream()
    payloads = [b"\x00\xff", "ü".encode(), b"{}"]
    sequences = stream.put(*payloads)
    page = stream.read(limit=2)
    assert page.iterator is not None
    rest = stream.source.read(page.iterator, 2)
    records = [*page.records, *rest.records]

    assert [record.data for record in records] == payloads
    assert [record.sequence for record in records] == sequences
    assert {record.key for record in records} == {"key"}
    assert all(abs(datetime.now(UTC) - record.arrived) < timedelta(minutes=5) for record in records)
    assert (page.size_bytes, rest.behind_milliseconds) == (10, 0)


@pytest.mark.parametrize("transport", ["lean", "boto3"])
def test_a_record_without_a_byte_is_a_record(
    new_stream: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    """Kinesis takes records with no data at all: one is read as any other, and does not block its shard."""
    monkeypatch.setenv("AWS_TRANSPORT", transport)
    stream = new_stream()
    stream.put(b"", b"{}")

    assert [record.data for record in stream.read().records] == [b"", b"{}"]


def test_start_behind_a_number_and_at_a_time(new_stream: Callable[..., Stream]) -> None:
    """Reading begins behind a sequence number, or with what arrived since then."""
    stream = new_stream()
    first, second = stream.put(b"1", b"2")
    now = datetime.now(UTC)

    assert [record.sequence for record in stream.read(after=first).records] == [second]
    assert [record.sequence for record in stream.read(since=now - timedelta(hours=1)).records] == [first, second]


def test_shards_and_their_parents(new_stream: Callable[..., Stream]) -> None:
    """Closed shards are listed, and each names those that it was made from."""
    stream = new_stream(2)
    stream.kinesis.merge_shards(StreamName=stream.name, ShardToMerge=FIRST, AdjacentShardToMerge="shardId-000000000001")
    parents = {shard.shard_id: set(shard.parents) for shard in stream.source.shards()}

    assert parents == {
        FIRST: set(),
        "shardId-000000000001": set(),
        "shardId-000000000002": {FIRST, "shardId-000000000001"},
    }


def test_facts_of_a_stream(new_stream: Callable[..., Stream]) -> None:
    """The creation time stays as it is, and a recreated stream has another one."""
    stream, other = new_stream(), new_stream()
    facts = stream.source.facts()

    assert facts == stream.source.facts()
    assert facts.retention_seconds == 24 * 3600
    assert facts.created != other.source.facts().created


def test_no_such_shard(new_stream: Callable[..., Stream]) -> None:
    """A shard that the stream does not have is told apart from other failures."""
    with pytest.raises(ShardGone):
        new_stream().source.iterator("shardId-000000000099", None, None)


@pytest.fixture
def local() -> Iterator[LocalAws]:
    """An emulator whose faults can be switched: moto has none."""
    with LocalAws() as aws:
        yield aws


def test_end_of_a_closed_shard(local: LocalAws) -> None:
    """At the end of a closed shard there is nowhere to go on."""
    stream = Stream(local.endpoint)
    stream.put(b"1")
    stream.kinesis.split_shard(StreamName=stream.name, ShardToSplit=FIRST, NewStartingHashKey="10")

    assert stream.read(limit=1).iterator is None


def test_more_than_a_thousand_shards(local: LocalAws) -> None:
    """All of them are listed, page after page."""
    assert len(Stream(local.endpoint, 2500).source.shards()) == 2500


@pytest.mark.parametrize(
    ("faults", "error"),
    [(Faults(iterator_seconds=0), IteratorExpired), (Faults(throttle_reads=True), ReadThrottled)],
)
def test_trouble_a_reader_has_an_answer_to(local: LocalAws, faults: Faults, error: type[CallFailed]) -> None:
    """An expired iterator and a shard that gives no more are told at once, not tried again here."""
    stream = Stream(local.endpoint)
    iterator = stream.source.iterator(FIRST, None, None)
    local.faults = faults
    reads = [partial(stream.source.read, iterator, 1)] * 20
    with pytest.raises(error):
        [read() for read in reads]

    failed = {code: number for code, number in local.calls()["kinesis:GetRecords"].items() if code != "ok"}
    assert list(failed.values()) == [1]


def test_trouble_that_passes(local: LocalAws) -> None:
    """A call that fails for another reason is tried again, and nothing is left out."""
    stream = Stream(local.endpoint)
    stream.put(b"1", b"2")
    local.faults = Faults(
        fail_call=0.5,
        fail_codes=("InternalFailure", "ServiceUnavailable"),
        lose_answer=0.2,
        fail_operations=("GetRecords", "GetShardIterator"),
        seed=3,
    )

    assert len(stream.read().records) == 2


_GOOD = {"SequenceNumber": "1", "PartitionKey": "key", "Data": "e30=", "ApproximateArrivalTimestamp": 1.7e9}

_READ_BY_BOTOCORE = [
    {"Records": [{**_GOOD, "Data": "!"}], "NextShardIterator": "next"},
    {"Records": {}, "NextShardIterator": "next"},
]


@pytest.mark.parametrize(
    "answer",
    [
        *_READ_BY_BOTOCORE,
        {"Records": [{**_GOOD, "Data": None}], "NextShardIterator": "next"},
        {"Records": [{**_GOOD, "SequenceNumber": "one"}], "NextShardIterator": "next"},
        {"Records": [{**_GOOD, "ApproximateArrivalTimestamp": "never"}], "NextShardIterator": "next"},
        {"Records": [_GOOD, None], "NextShardIterator": "next"},
        {"NextShardIterator": "next"},
        {"Records": [_GOOD], "MillisBehindLatest": "much", "NextShardIterator": "next"},
        {"Records": [_GOOD], "NextShardIterator": 7},
        b"{}x",
    ],
    ids=str,
)
def test_answers_that_are_not_understood(answer: object, transport: str) -> None:
    """An answer that is bent anywhere is a failed call: no record of it counts, none is left out."""
    if transport == "boto3" and answer in _READ_BY_BOTOCORE:
        pytest.skip("botocore's parser takes it for an empty value")
    with backends.canned(answer) as endpoint:
        source = KinesisReader(backends.clients(endpoint).reading(1), "events", RecordingObserver())
        with pytest.raises(CallFailed):
            source.read("iterator", 10)


@pytest.mark.parametrize("answer", [{}, {"Records": []}, {"NextShardIterator": None}], ids=str)
def test_answer_without_an_iterator(answer: object) -> None:
    """The end of a shard is believed only if the answer names its children: all behind it would never be read."""
    with backends.canned(answer) as endpoint:
        source = KinesisReader(backends.clients(endpoint).reading(1), "events", RecordingObserver())
        with pytest.raises(CallFailed):
            source.read("iterator", 10)


@pytest.mark.parametrize("answer", [{"Shards": []}, {}, {"Shards": [{}]}, {"Shards": [None]}], ids=str)
def test_lists_of_shards_that_are_not_understood(answer: object) -> None:
    """A list without shards is not a list: a stream has one at least, and checkpoints must not look old."""
    with backends.canned(answer) as endpoint:
        source = KinesisReader(backends.clients(endpoint).reading(1), "events", RecordingObserver())
        with pytest.raises(CallFailed):
            source.shards()
