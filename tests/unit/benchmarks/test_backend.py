"""The benchmarks' back end, as its clients see it."""

import base64
import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import boto3
import pytest
from botocore.config import Config

from benchmarks.backend import Backend, Conditions, Load, Supply, Verdict
from benchmarks.backend.compiler import compiler_is_there

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sqs import SQSClient

if not compiler_is_there() and "CI" not in os.environ:
    pytest.skip("there is no C compiler (cc)", allow_module_level=True)

_URL = "any"  # there is one queue
_LOAD = Load(submissions=30)
_SECONDS = 20.0
_SHARD = "shardId-000000000001"


@dataclass(frozen=True)
class Rig:
    """A back end and clients that retry nothing."""

    backend: Backend
    sqs: "SQSClient"
    kinesis: "KinesisClient"

    def receive(self, most: int = 10, **how: Any) -> Any:
        """Up to so many messages, or none if there are none."""
        answer = self.sqs.receive_message(
            QueueUrl=_URL, MaxNumberOfMessages=most, MessageSystemAttributeNames=["All"], **how
        )
        return answer.get("Messages", [])

    def put(self, entries: Sequence[tuple[str, bytes]]) -> list[Any]:
        """Key and data of each record; what the answer says of each."""
        records: Any = [{"PartitionKey": key, "Data": data} for key, data in entries]
        return list(self.kinesis.put_records(StreamName="events", Records=records)["Records"])

    def delete(self, *messages: Any) -> Any:
        """One batch."""
        entries: Any = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        return self.sqs.delete_message_batch(QueueUrl=_URL, Entries=entries)


@contextmanager
def rig(load: Load = _LOAD, **conditions: Any) -> Iterator[Rig]:
    """A back end on whichever core is free."""
    with Backend(load, Conditions(**conditions), core=None) as backend:
        how: Any = {
            "region_name": "us-east-1",
            "endpoint_url": backend.endpoint,
            "config": Config(retries={"total_max_attempts": 1}),
        }
        sqs, kinesis = boto3.client("sqs", **how), boto3.client("kinesis", **how)
        yield Rig(backend, sqs, kinesis)
        sqs.close()
        kinesis.close()


def _records(message: Any, events: int) -> list[tuple[str, bytes]]:
    document = json.loads(base64.b64decode(message["Body"]))
    return [(document["device_id"], json.dumps(_identity(document) | {"sequence": n}).encode()) for n in range(events)]


def _identity(document: Any) -> dict[str, Any]:
    return {"submission_id": document["submission_id"]}


def test_every_message_is_a_submission_of_its_own() -> None:
    """No client can be fast by meeting the same submission again."""
    with rig(Load(submissions=30, devices=7)) as one:
        messages = [message for _ in range(3) for message in one.receive()]

    documents = [json.loads(base64.b64decode(message["Body"])) for message in messages]
    assert len({UUID(document["submission_id"]) for document in documents}) == 30
    assert len({UUID(document["device_id"]) for document in documents}) == 7
    assert len({message["MessageId"] for message in messages}) == 30


def test_the_md5_of_every_body_is_right() -> None:
    """The AWS SDK for JavaScript throws away messages whose MD5 is not."""
    with rig(Load(submissions=10, events=7, record_bytes=1000)) as one:
        messages = one.receive()

    assert [message["MD5OfBody"] for message in messages] == [
        hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest() for message in messages
    ]


@pytest.mark.parametrize("shards", [1, 2, 3, 64, 1000])
def test_a_record_goes_to_the_shard_whose_range_holds_the_md5_of_its_key(shards: int) -> None:
    """Shard pacing, which foretells the shard, is measured against the rule of Kinesis."""
    keys = [*("k" * length for length in range(1, 257)), 'with "quotes" and \\', "\N{SNOWMAN}\N{GRINNING FACE}", "é\n"]
    with rig(shards=shards) as one:
        answers = one.put([(key, b"{}") for key in keys])
        ranges = {shard["ShardId"]: shard["HashKeyRange"] for shard in one.kinesis.list_shards()["Shards"]}

    assert [int(held["StartingHashKey"]) for held in ranges.values()] == [n * (2**128 // shards) for n in range(shards)]
    for key, answer in zip(keys, answers, strict=True):
        place = int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest())
        held = ranges[answer["ShardId"]]
        assert int(held["StartingHashKey"]) <= place <= int(held["EndingHashKey"])


def test_sequence_numbers_rise_within_a_shard() -> None:
    """The processor counts a fall as a violation of order."""
    with rig(shards=2) as one:
        answers = [answer for _ in range(3) for answer in one.put([(str(n), b"{}") for n in range(50)])]

    for shard in {answer["ShardId"] for answer in answers}:
        numbers = [answer["SequenceNumber"] for answer in answers if answer["ShardId"] == shard]
        assert [len(number) for number in numbers] == [56] * len(numbers)
        assert [int(number) for number in numbers] == sorted({int(number) for number in numbers})


def test_the_share_of_refusals_is_the_one_asked_for_and_the_same_each_time() -> None:
    """Contenders in one benchmark meet equal failures."""

    def codes() -> list[str | None]:
        with rig(refused_share=0.1, seed=5) as one:
            found = [answer.get("ErrorCode") for _ in range(20) for answer in one.put([("k", b"{}")] * 500)]
            assert one.backend.counts().refused == 10_000 - found.count(None) == 10_000 - one.backend.counts().stored
            return found

    first = codes()

    assert 900 <= 10_000 - first.count(None) <= 1100
    assert set(first) == {None, "ProvisionedThroughputExceededException", "InternalFailure"}
    assert first == codes()


def test_a_shard_takes_one_mebibyte_at_once_and_no_more() -> None:
    """The byte limit of a shard holds, keys counted."""
    with rig(shards=1, shard_limits=True) as one:
        answers = one.put([("k", b"x" * (1024 * 512 - 1)), ("k", b"x" * (1024 * 512 - 1)), ("k", b"")])

    assert [answer.get("ErrorCode") for answer in answers] == [None, None, "ProvisionedThroughputExceededException"]


def test_a_shard_takes_a_thousand_records_at_once_and_then_refuses() -> None:
    """The record limit of a shard holds: nobody sends ten thousand in the ten seconds these would need."""
    with rig(shards=1, shard_limits=True) as one:
        answers = [answer.get("ErrorCode") for _ in range(20) for answer in one.put([("k", b"")] * 500)]
        counts = one.backend.counts()

    assert answers[:1000] == [None] * 1000
    assert 0 < counts.throttled == answers.count("ProvisionedThroughputExceededException")


def test_a_message_that_is_not_deleted_comes_again() -> None:
    """A client that forgets to delete is found out: the open poll brings the message back after its timeout."""
    with rig(Load(submissions=1), visibility_seconds=1) as one:
        first = one.receive()[0]
        assert one.receive() == []

        again = one.receive(WaitTimeSeconds=20)[0]

    assert again["MessageId"] == first["MessageId"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["ReceiptHandle"] != first["ReceiptHandle"]


def test_a_handle_that_was_overtaken_deletes_nothing() -> None:
    """Of a message received twice only the later handle counts, as in SQS."""
    with rig(Load(submissions=1)) as one:
        first = one.receive()[0]
        one.sqs.change_message_visibility(QueueUrl=_URL, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
        second = one.receive()[0]

        assert [entry["Id"] for entry in one.delete(first)["Successful"]] == ["0"]
        assert one.backend.counts().deleted == 0
        one.delete(second)
        assert one.backend.counts().deleted == 1


def test_a_bad_handle_fails_alone() -> None:
    """The other entries of a batch are done all the same."""
    with rig() as one:
        answer = one.delete(one.receive(1)[0], {"ReceiptHandle": "none of ours"})

    assert [entry["Id"] for entry in answer["Successful"]] == ["0"]
    assert [entry["Code"] for entry in answer["Failed"]] == ["ReceiptHandleIsInvalid"]


def test_what_a_client_did_is_counted_and_judged() -> None:
    """Lost and repeated events are told from the records as they came."""
    with rig(Load(submissions=3, events=4)) as one:
        messages = one.receive()
        one.put(_records(messages[0], 4) + _records(messages[1], 2) + _records(messages[0], 1))
        one.delete(*messages[:2])

        assert one.backend.wait_deleted(2, _SECONDS) > 0
        assert one.backend.verdict() == Verdict(lost=2, repeated=1, out_of_order=0)
        counts = one.backend.counts()
        assert (counts.received, counts.deleted, counts.stored) == (3, 2, 7)
        assert counts.calls == {"ReceiveMessage": 1, "PutRecords": 1, "DeleteMessageBatch": 1}
        with pytest.raises(TimeoutError):
            one.backend.wait_deleted(3, 0.0)


def test_an_event_is_known_wherever_in_its_record_it_says_which_it_is() -> None:
    """The verdict holds for large records, and for any order of their fields."""
    paddings = [*range(650, 780), 100_000]
    with rig(Load(submissions=1, events=2000)) as one:
        document = json.loads(base64.b64decode(one.receive()[0]["Body"]))
        one.put(
            [
                ("k", json.dumps({"pad": "x" * padding, **_identity(document), "sequence": 1000 + n}).encode())
                for n, padding in enumerate(paddings)
            ]
        )

        assert one.backend.verdict() == Verdict(lost=0, repeated=0, out_of_order=0)


def test_a_call_comes_in_any_shape_http_and_json_allow() -> None:
    """Clients that wait for 100 Continue, close, or space out their JSON are served like botocore."""
    body = b' { "Records" : [ { "PartitionKey":"\\u006b" , "Other":{"a":[1,"}"]}, "Data" : "e30\\u003d" } ] } '
    head = b"POST / HTTP/1.1\r\nx-amz-target:Kinesis_20131202.PutRecords\r\nEXPECT: 100-continue\r\n"
    head += b"Connection: Close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with rig(shards=2) as one:
        address = urlsplit(one.backend.endpoint)
        with socket.create_connection((address.hostname or "", address.port or 0), _SECONDS) as wire:
            wire.sendall(head)
            assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            for byte in body:
                wire.sendall(bytes([byte]))
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        shard = one.put([("k", b"{}")])[0]["ShardId"]

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.split(b"\r\n\r\n")[1])["Records"][0]["ShardId"] == shard


@pytest.mark.parametrize("body", [b"", b"{", b'{"Records":[{"Data":"', b"[1", b'{"Records":[]}', b"\xff\0"])
def test_a_broken_call_is_refused_and_the_next_one_served(body: bytes) -> None:
    """A contender's fault ends in its own error, not in the back end's death."""
    request = b"POST / HTTP/1.1\r\nX-Amz-Target: Kinesis_20131202.PutRecords\r\nContent-Length: %d\r\n\r\n" % len(body)
    with rig() as one:
        address = urlsplit(one.backend.endpoint)
        with socket.create_connection((address.hostname or "", address.port or 0), _SECONDS) as wire:
            wire.sendall(request + body)
            assert wire.recv(1000).startswith(b"HTTP/1.1 400 ")

        assert len(one.receive()) == 10


def test_a_long_poll_ends_when_the_next_message_is_sent() -> None:
    """Half load is half load: messages come as they would from a fleet, one after the other, and say so."""
    with rig(Load(submissions=2, rate_per_second=1.0)) as one:
        first = one.receive()
        begun = time.monotonic()
        second = one.receive(WaitTimeSeconds=20)
        seconds = time.monotonic() - begun

    sent = [int(message["Attributes"]["SentTimestamp"]) for message in (*first, *second)]
    assert sent[1] - sent[0] == pytest.approx(1000, abs=1)
    assert seconds < _SECONDS / 2


def test_what_was_not_sent_yet_is_not_there() -> None:
    """A client finds the queue as deep as it would be at that rate, not the whole load on it."""
    with rig(Load(submissions=1000, rate_per_second=0.01)) as one:
        assert len(one.receive()) == 1

        found = one.sqs.get_queue_attributes(QueueUrl=_URL, AttributeNames=["ApproximateNumberOfMessages"])
        assert found["Attributes"]["ApproximateNumberOfMessages"] == "0"
        assert one.receive() == []


def test_an_age_ends_with_the_answer_about_the_last_event() -> None:
    """The age of a submission has the latency of its last put in it, and one that is not finished has none."""
    with rig(Load(submissions=3, events=2, rate_per_second=1000.0), latency_seconds=0.1) as one:
        messages = [message for _ in range(3) for message in one.receive(1, WaitTimeSeconds=1)]
        one.put(_records(messages[0], 1) + _records(messages[1], 1))
        assert one.backend.ages() == []

        one.put(_records(messages[2], 2))
        one.put(_records(messages[0], 2))
        ages = one.backend.ages()

    assert len(ages) == 2
    assert ages[1] > 0.4  # three calls to receive, and two to put
    assert ages[0] > ages[1]  # sent first, acknowledged last


def test_a_supply_is_read_in_turns_and_behind_a_sequence_number() -> None:
    """The inspector's figures are of records that come in order, each once, with its own payload."""
    with _supplied(Supply((b"one", b"two", b"three"))) as kinesis:
        start = kinesis.get_shard_iterator(StreamName="events", ShardId=_SHARD, ShardIteratorType="TRIM_HORIZON")
        first = kinesis.get_records(ShardIterator=start["ShardIterator"], Limit=2)
        second = kinesis.get_records(ShardIterator=first["NextShardIterator"], Limit=2)
        again = kinesis.get_shard_iterator(
            StreamName="events",
            ShardId=_SHARD,
            ShardIteratorType="AFTER_SEQUENCE_NUMBER",
            StartingSequenceNumber=first["Records"][0]["SequenceNumber"],
        )
        behind = kinesis.get_records(ShardIterator=again["ShardIterator"], Limit=1)

    assert [record["Data"] for record in first["Records"] + second["Records"]] == [b"one", b"two", b"three", b"one"]
    assert behind["Records"][0]["SequenceNumber"] == first["Records"][1]["SequenceNumber"]
    assert behind["Records"][0]["Data"] == b"two"


def test_a_supply_can_give_each_record_a_number_of_its_own() -> None:
    """The lake's figures are of records that are all new, which none of one payload would be."""
    with _supplied(Supply((b"abc" + b"." * 20,), number_at=3)) as kinesis:
        start = kinesis.get_shard_iterator(StreamName="events", ShardId=_SHARD, ShardIteratorType="TRIM_HORIZON")
        page = kinesis.get_records(ShardIterator=start["ShardIterator"], Limit=2)

    [first, second] = [record["Data"] for record in page["Records"]]
    assert (first[:3], first[21:]) == (b"abc", b"..")
    assert int(second[3:21]) == int(first[3:21]) + 1


def test_a_supply_with_a_rate_arrives_over_time() -> None:
    """Lag is measured against when a record was there to be read, so none comes before its time."""
    with _supplied(Supply((b"one",), rate_per_second=50.0)) as kinesis:
        begun = time.time()
        start = kinesis.get_shard_iterator(StreamName="events", ShardId=_SHARD, ShardIteratorType="TRIM_HORIZON")
        page = kinesis.get_records(ShardIterator=start["ShardIterator"])
        arrived = [record["ApproximateArrivalTimestamp"].timestamp() for record in page["Records"]]
        while len(arrived) < 6:
            page = kinesis.get_records(ShardIterator=page["NextShardIterator"])
            arrived += [record["ApproximateArrivalTimestamp"].timestamp() for record in page["Records"]]

    gaps = [later - earlier for earlier, later in pairwise(arrived)]
    assert gaps == pytest.approx([0.04] * len(gaps), abs=0.002)  # two shards share fifty a second
    assert arrived[0] == pytest.approx(begun, abs=_SECONDS)
    assert time.time() >= arrived[-1] - 0.002


@contextmanager
def _supplied(supply: Supply) -> Iterator["KinesisClient"]:
    with Backend(_LOAD, Conditions(shards=2), core=None, supply=supply) as backend:
        kinesis = boto3.client("kinesis", region_name="us-east-1", endpoint_url=backend.endpoint)
        yield kinesis
        kinesis.close()
