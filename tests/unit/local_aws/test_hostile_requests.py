"""Whatever a client sends, the answer is an answer: never a bug of ours, never a crash."""

import json
import re
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws import LocalAws
from local_aws.clock import ManualClock
from local_aws.http import MAX_BODY_BYTES
from tests.lengths import examples
from tests.unit.local_aws.conftest import Aws

QUEUE = {"QueueUrl": "there"}
HANDLE = {"ReceiptHandle": "there"}
MESSAGE = {"MessageBody": "x", "DelaySeconds": 0, "MessageAttributes": {}, "MessageSystemAttributes": {}}
RECEIVE = {"MaxNumberOfMessages": 1, "VisibilityTimeout": 1, "AttributeNames": [], "MessageAttributeNames": []}
STREAM = {"StreamName": "there"}
SHARD = "shardId-000000000000"
RECORD = {"Data": "eA==", "PartitionKey": "key", "ExplicitHashKey": "1"}
ITERATOR = {"ShardId": SHARD, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "1", "Timestamp": 1}
PAGE = {"NextToken": None, "MaxResults": 1}
REQUESTS: dict[str, dict[str, object]] = {
    "AmazonSQS.CreateQueue": {"QueueName": "new", "Attributes": {}},
    "AmazonSQS.ListQueues": {"QueueNamePrefix": "t", **PAGE},
    "AmazonSQS.GetQueueUrl": {"QueueName": "there"},
    "AmazonSQS.GetQueueAttributes": {**QUEUE, "AttributeNames": ["All"]},
    "AmazonSQS.SetQueueAttributes": {**QUEUE, "Attributes": {"RedrivePolicy": "", "DelaySeconds": "1"}},
    "AmazonSQS.SendMessage": {**QUEUE, **MESSAGE},
    "AmazonSQS.SendMessageBatch": {**QUEUE, "Entries": [{"Id": "1", **MESSAGE}]},
    "AmazonSQS.ReceiveMessage": {**QUEUE, **RECEIVE},
    "AmazonSQS.DeleteMessage": {**QUEUE, **HANDLE},
    "AmazonSQS.DeleteMessageBatch": {**QUEUE, "Entries": [{"Id": "1", **HANDLE}]},
    "AmazonSQS.TagQueue": {**QUEUE, "Tags": {"key": "value"}},
    "AmazonSQS.UntagQueue": {**QUEUE, "TagKeys": ["key"]},
    "AmazonSQS.ChangeMessageVisibility": {**QUEUE, **HANDLE, "VisibilityTimeout": 1},
    "AmazonSQS.ChangeMessageVisibilityBatch": {**QUEUE, "Entries": [{"Id": "1", **HANDLE, "VisibilityTimeout": 1}]},
    "Kinesis_20131202.CreateStream": {"StreamName": "new", "ShardCount": 1, "StreamModeDetails": None},
    "Kinesis_20131202.ListStreams": {"Limit": 1, "NextToken": None, "ExclusiveStartStreamName": None},
    "Kinesis_20131202.DescribeStream": {**STREAM, "Limit": 1, "ExclusiveStartShardId": None},
    "Kinesis_20131202.ListShards": {**STREAM, **PAGE, "ShardFilter": {"Type": "AT_LATEST"}},
    "Kinesis_20131202.PutRecord": {**STREAM, **RECORD, "SequenceNumberForOrdering": "1"},
    "Kinesis_20131202.PutRecords": {**STREAM, "Records": [RECORD]},
    "Kinesis_20131202.GetShardIterator": {**STREAM, **ITERATOR},
    "Kinesis_20131202.GetRecords": {"ShardIterator": "dGhlcmUgMSBzIDA=", "Limit": 1},
    "Kinesis_20131202.SplitShard": {**STREAM, "ShardToSplit": SHARD, "NewStartingHashKey": "7"},
    "Kinesis_20131202.MergeShards": {**STREAM, "ShardToMerge": SHARD, "AdjacentShardToMerge": SHARD},
    "Kinesis_20131202.UpdateShardCount": {**STREAM, "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"},
    "Kinesis_20131202.AddTagsToStream": {**STREAM, "Tags": {"key": "value"}},
    "Kinesis_20131202.ListTagsForStream": {**STREAM, "ExclusiveStartTagKey": "a", "Limit": 1},
    "Kinesis_20131202.RemoveTagsFromStream": {**STREAM, "TagKeys": ["key"]},
    "Kinesis_20131202.UpdateMaxRecordSize": {**STREAM, "MaxRecordSizeInKiB": 1024},
}
odd: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 1, 1.5, 2**70, "", "1", "there", "\ud800", "a\x00", "W10=", "bnVsbA==", [], {}]
)
names = st.sampled_from(["DataType", "StringValue", "BinaryValue", "Type", "ShardId", "Timestamp", "StreamMode", "x"])
nested = st.lists(odd, max_size=2) | st.dictionaries(names, odd | st.dictionaries(names, odd, max_size=2), max_size=3)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """A good request of which some parameters, or parameters of its entries, were replaced by odd values."""
    operation = draw(st.sampled_from(sorted(REQUESTS)))
    parameters = dict(REQUESTS[operation])
    entries = parameters.get("Entries") or parameters.get("Records")
    if isinstance(entries, list) and draw(st.booleans()):
        parameters |= {name: [_with_odd(draw, entries[0])] for name in ("Entries", "Records") if name in parameters}
        return operation, parameters
    return operation, _with_odd(draw, parameters)


def _with_odd(draw: st.DrawFn, parameters: dict[str, object]) -> dict[str, object]:
    replaced = draw(st.lists(st.sampled_from(sorted(parameters)), min_size=1, max_size=2))
    return parameters | {name: draw(odd | nested) for name in replaced}


@examples(120, 1000)
def test_any_parameters(examples: int) -> None:
    """Parameters of any type get an answer or a client error, never an internal one."""

    @settings(max_examples=examples)
    @given(requests())
    def every_request(request: tuple[str, dict[str, object]]) -> None:
        operation, parameters = request
        aws = Aws(ManualClock())
        aws.sqs("CreateQueue", QueueName="there")
        aws.kinesis("CreateStream", StreamName="there", ShardCount=1)
        status, answer = aws.request(operation, json.dumps(parameters).encode())

        assert status in {200, 400, 403}, answer

    every_request()


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("Kinesis_20131202.ListShards", {"NextToken": "garbage"}, "ExpiredNextTokenException"),
        ("Kinesis_20131202.ListShards", {"NextToken": "bnVsbA=="}, "ExpiredNextTokenException"),
        ("Kinesis_20131202.PutRecords", {**STREAM, "Records": 7}, "ValidationException"),
        ("Kinesis_20131202.PutRecords", {**STREAM, "Records": [7]}, "ValidationException"),
        (
            "AmazonSQS.SetQueueAttributes",
            {**QUEUE, "Attributes": {"RedrivePolicy": "7"}},
            "InvalidParameterValueException",
        ),
        ("AmazonSQS.SetQueueAttributes", {**QUEUE, "Attributes": {"DelaySeconds": 7}}, "SerializationException"),
        ("AmazonSQS.SendMessage", {**QUEUE, "MessageBody": 7}, "SerializationException"),
        ("AmazonSQS.ReceiveMessage", {**QUEUE, "WaitTimeSeconds": "7"}, "SerializationException"),
        ("Kinesis_20131202.CreateStream", {"StreamName": "new", "ShardCount": "1"}, "SerializationException"),
    ],
)
def test_wrong_type(operation: str, parameters: dict[str, object], expected: str) -> None:
    """A parameter of a wrong type is refused by the error for it."""
    aws = Aws(ManualClock())
    aws.sqs("CreateQueue", QueueName="there")
    aws.kinesis("CreateStream", StreamName="there", ShardCount=1)
    status, answer = aws.request(operation, json.dumps(parameters).encode())

    assert (status, answer["__type"]) == (400, expected)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000, b"7"])
def test_body_that_is_not_an_object(body: bytes) -> None:
    """A body that is not a JSON object is a serialization error."""
    status, answer = Aws(ManualClock()).request("AmazonSQS.ListQueues", body)

    assert (status, answer["__type"]) == (400, "SerializationException")


def exchange(aws: LocalAws, sent: bytes, answers: int = 1) -> bytes:
    """Everything the server sends back until it has answered so often or closes."""
    parts = urlsplit(aws.endpoint)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(sent)
        received = b""
        while received.count(b"HTTP/1.1 ") < answers or not received.endswith((b"}", b"\n")):
            chunk = connection.recv(65_536)
            if not chunk:
                break
            received += chunk
    return received


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), 413),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
    ],
)
def test_malformed_http(local_aws: LocalAws, sent: bytes, status: int) -> None:
    """What is not HTTP, or not the HTTP we speak, gets a status and the connection is closed."""
    answer = exchange(local_aws, sent, answers=2)

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert exchange(local_aws, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", ["/", "/_local_aws/health"])
def test_health(local_aws: LocalAws, path: str) -> None:
    """The health path answers 200 with JSON."""
    answer = exchange(local_aws, b"GET %s HTTP/1.1\r\n\r\n" % path.encode())

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == "running"


def test_keep_alive_and_pipelining(local_aws: LocalAws) -> None:
    """Several requests on one connection are answered in order."""
    wrong = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    answer = exchange(local_aws, wrong + b"GET / HTTP/1.1\r\n\r\n" + wrong, answers=3)

    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"400", b"200", b"400"]


def test_expect_continue(local_aws: LocalAws) -> None:
    """A client that asks before it sends its body is told to go on."""
    parts = urlsplit(local_aws.endpoint)
    head = b"POST / HTTP/1.1\r\nX-Amz-Target: AmazonSQS.ListQueues\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(head)
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
