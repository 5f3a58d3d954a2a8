"""What the core relies on in a Sink: the same checks in memory, on local_aws and on moto."""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import NamedTuple, Protocol

import pytest

from event_processor.aws.kinesis import KinesisSink
from event_processor.errors import CallFailed
from event_processor.publishing.pacing import ANY_SHARD, Pacing
from event_processor.publishing.stream import Acknowledged, Record, Refused, Sink
from event_processor.testing import Fate, MemoryStream, RecordingObserver
from local_aws import Faults
from tests.contract import backends

pytestmark = pytest.mark.usefixtures("transport")
SHARDS = 3


class Read(NamedTuple):
    """A record as a reader of the stream finds it."""

    shard_id: str
    sequence_number: int
    partition_key: str
    data: bytes


class Stream(Protocol):
    """A new stream of three shards, and the Sink that writes to it."""

    sink: Sink

    def read(self) -> list[Read]:
        """All its records, shard by shard."""
        ...


class InMemory:
    """The stream of the testing package."""

    def __init__(self, stream: MemoryStream | None = None) -> None:
        self._stream = stream or MemoryStream(SHARDS)
        self.sink: Sink = self._stream

    def read(self) -> list[Read]:
        """All its records, shard by shard."""
        found = [
            Read(s.shard_id, s.sequence_number, s.record.partition_key, s.record.data) for s in self._stream.stored
        ]
        return sorted(found, key=lambda read: read[:2])


class OnKinesis:
    """A stream at an endpoint, written to by the real adapter."""

    def __init__(self, endpoint: str) -> None:
        clients = backends.clients(endpoint)
        self._kinesis = clients.kinesis(pool=1)
        self._name = backends.new_name()
        self._kinesis.create_stream(StreamName=self._name, ShardCount=SHARDS)
        self._kinesis.get_waiter("stream_exists").wait(StreamName=self._name, WaiterConfig={"Delay": 1})
        self.sink: Sink = KinesisSink(clients.stream(pool=1), self._name, RecordingObserver())

    def read(self) -> list[Read]:
        """All its records, shard by shard."""
        shards = self._kinesis.list_shards(StreamName=self._name)["Shards"]
        return [read for shard in shards for read in self._read_shard(shard["ShardId"])]

    def _read_shard(self, shard_id: str) -> Iterator[Read]:
        iterator = self._kinesis.get_shard_iterator(
            StreamName=self._name, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        for record in self._kinesis.get_records(ShardIterator=iterator)["Records"]:
            yield Read(shard_id, int(record["SequenceNumber"]), record["PartitionKey"], record["Data"])


@pytest.fixture(scope="module", params=[backends.MEMORY, backends.LOCAL, backends.MOTO])
def new_stream(request: pytest.FixtureRequest) -> Iterator[Callable[[], Stream]]:
    """Makes streams of one back end."""
    if request.param == backends.MEMORY:
        yield InMemory
        return
    with {backends.LOCAL: backends.local, backends.MOTO: backends.moto}[request.param]() as endpoint:
        yield lambda: OnKinesis(endpoint)


@pytest.fixture
def stream(new_stream: Callable[[], Stream]) -> Stream:
    """A stream of this test's own."""
    return new_stream()


def records(count: int, keys: int = 7) -> list[Record]:
    """Records of several keys; the data says which is which, in more than ASCII."""
    return [Record(f"key-{n % keys}", f'{{"n": {n}, "user": "Zoë"}}'.encode(), "new_process", n) for n in range(count)]


def test_acknowledgements_are_places(stream: Stream) -> None:
    """The answer to each record, in request order, is where a reader finds it."""
    sent = records(50)

    answers = stream.sink.put(sent)

    places = [
        Read(answer.shard_id, answer.sequence_number, record.partition_key, record.data)
        for record, answer in zip(sent, answers, strict=True)
        if isinstance(answer, Acknowledged)
    ]
    assert sorted(places) == sorted(stream.read())
    assert len(places) == len(sent)


def test_sequence_numbers_rise_on_a_shard(stream: Stream) -> None:
    """On a shard, within a call and from call to call, sequence numbers rise: order is judged by them."""
    answers = [*stream.sink.put(records(30)), *stream.sink.put(records(30))]

    for shard_id in {answer.shard_id for answer in answers if isinstance(answer, Acknowledged)}:
        numbers = [a.sequence_number for a in answers if isinstance(a, Acknowledged) and a.shard_id == shard_id]
        assert numbers == sorted(set(numbers))


def test_a_key_stays_on_its_shard(stream: Stream) -> None:
    """All records of one key go to one shard, and different keys to more than one."""
    stream.sink.put(records(60))

    shards_by_key: dict[str, set[str]] = {}
    for read in stream.read():
        shards_by_key.setdefault(read.partition_key, set()).add(read.shard_id)
    assert all(len(shards) == 1 for shards in shards_by_key.values())
    assert len(set.union(*shards_by_key.values())) > 1


def test_a_full_wave_fits(stream: Stream) -> None:
    """Five hundred records go in one call."""
    assert sum(isinstance(answer, Acknowledged) for answer in stream.sink.put(records(500))) == 500


def test_refused_records_say_why() -> None:
    """A record that is refused inside a 200 answer is reported with its code, and is not on the stream."""
    memory = MemoryStream(refuse=lambda record: "InternalFailure" if record.sequence % 2 else None)
    with backends.local(Faults(refuse=0.5, seed=5)) as endpoint:
        for stream in (InMemory(memory), OnKinesis(endpoint)):
            sent = records(40)
            answers = stream.sink.put(sent)

            stored = {r.data for r, a in zip(sent, answers, strict=True) if isinstance(a, Acknowledged)}
            codes = {answer.error_code for answer in answers if isinstance(answer, Refused)}
            assert {read.data for read in stream.read()} == stored
            assert len(stored) < 40
            assert codes
            assert codes <= {"InternalFailure", "ProvisionedThroughputExceededException"}


def test_failed_call_stores_nothing() -> None:
    """A call that fails is CallFailed, and none of its records is on the stream."""
    memory = MemoryStream(fate=lambda _: Fate.REQUEST_LOST)
    with backends.local(Faults(fail_call=1.0)) as endpoint:
        for stream in (InMemory(memory), OnKinesis(endpoint)):
            with pytest.raises(CallFailed):
                stream.sink.put(records(3))
            assert stream.read() == []


def test_lost_answer_is_not_a_success() -> None:
    """When the answer is lost the caller gets CallFailed, though the records may be on the stream."""
    memory = MemoryStream(fate=lambda _: Fate.ANSWER_LOST)
    with backends.local(Faults(lose_answer=1.0)) as endpoint:
        for stream in (InMemory(memory), OnKinesis(endpoint)):
            with pytest.raises(CallFailed):
                stream.sink.put(records(3))
            assert {read.data for read in stream.read()} == {record.data for record in records(3)}


def _hand_made(endpoint: str) -> KinesisSink:
    return KinesisSink(backends.clients(endpoint).stream(pool=1), "events", RecordingObserver())


@pytest.mark.parametrize("claimed", [0, 1, 2, 500])
def test_failed_record_count_is_not_believed(claimed: int) -> None:
    """Whatever FailedRecordCount says, each entry's own result counts."""
    results = [{"ErrorCode": "InternalFailure", "ErrorMessage": ""}, {"ShardId": "s", "SequenceNumber": "7"}]
    with backends.canned({"FailedRecordCount": claimed, "Records": results}) as endpoint:
        assert _hand_made(endpoint).put(records(2)) == [Refused("InternalFailure"), Acknowledged("s", 7)]


def test_entry_without_a_place_is_not_understood() -> None:
    """An entry with neither a sequence number nor an error code is not taken for stored."""
    answer = {"FailedRecordCount": 0, "Records": [{}]}
    with backends.canned(answer) as endpoint, pytest.raises(CallFailed, match="MalformedAnswer"):
        _hand_made(endpoint).put(records(1))


@pytest.mark.parametrize(
    "answer",
    [{}, {"FailedRecordCount": 0, "Records": []}, {"Records": [{"ShardId": "s", "SequenceNumber": "7"}]}, b"<html>"],
)
def test_answer_of_another_length_is_no_answer(answer: object) -> None:
    """Answers that do not match the records one to one say nothing about any of them."""
    with backends.canned(answer) as endpoint, pytest.raises(CallFailed, match="MalformedAnswer"):
        _hand_made(endpoint).put(records(2))


def test_missing_stream_is_said_at_once() -> None:
    """Writing to a stream that is not there fails without the retries that cannot help."""
    observer = RecordingObserver()
    with backends.local() as endpoint:
        sink = KinesisSink(backends.clients(endpoint).stream(pool=1), "nowhere", observer)
        with pytest.raises(CallFailed, match="ResourceNotFoundException"):
            sink.put(records(1))
    assert observer.of("retried") == []


def test_what_nobody_waits_for_is_not_tried_again() -> None:
    """A call that fails is made once more as long as somebody waits for it, and not after that."""
    observer = RecordingObserver()
    with backends.local(Faults(fail_call=1.0)) as endpoint:
        sink = KinesisSink(backends.clients(endpoint).stream(pool=1), "events", observer)
        for until in (monotonic() - 1, monotonic() + 60):
            assert observer.of("retried") == []
            with pytest.raises(CallFailed):
                sink.put(records(1), until)
    assert observer.of("retried") != []


def test_shards_tell_where_a_record_goes(new_stream: Callable[[], Stream]) -> None:
    """A stream that tells of its shards stores each record on the one that the MD5 of its key belongs to."""
    sink = new_stream().sink
    records = [Record(f"sensor {number}", b"{}", "new_process", number) for number in range(50)]

    pacing = Pacing(sink.shards())

    for record, answer in zip(records, sink.put(records), strict=True):
        assert isinstance(answer, Acknowledged)
        assert pacing.shard_of(record.partition_key) in {answer.shard_id, ANY_SHARD}
