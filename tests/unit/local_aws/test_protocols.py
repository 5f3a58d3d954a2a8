"""Clients that speak another protocol than AWS's JSON ones are told what to set, in a form they can read."""

import asyncio
import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import Request as HttpRequest
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import pytest
from mypy_boto3_sqs import SQSClient

from local_aws import LocalAws
from local_aws.clock import ManualClock
from local_aws.faults import Faults
from local_aws.http import Request, Response
from local_aws.http2 import PREFACE
from local_aws.server import Server

CBOR = "application/x-amz-cbor-1.1"
FORM = "application/x-www-form-urlencoded"


async def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
    """What a server answers to a request."""
    response = await Server(Faults(), ManualClock()).handle(Request(method, path, headers, body))
    assert response is not None
    return response


def run(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Response:
    """The same, outside of an event loop."""
    return asyncio.run(answer(method, path, headers, body))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/", b"Action=ReceiveMessage&Version=2012-11-05"),
        ("POST", "/000000000000/q", b"Action=ReceiveMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Fx%2Fq"),
        ("GET", "/?Action=ReceiveMessage&Version=2012-11-05", b""),
        ("GET", "/000000000000/q?Version=2012-11-05&Action=ReceiveMessage", b""),
    ],
    ids=["post", "post-to-a-queue", "get", "get-of-a-queue"],
)
def test_query_protocol(method: str, path: str, body: bytes) -> None:
    """The query protocol is answered in its XML, with what was asked for and which clients to use."""
    response = run(method, path, {"content-type": FORM} if body else {}, body)
    error = ET.fromstring(response.body)  # noqa: S314

    namespace = "{http://queue.amazonaws.com/doc/2012-11-05/}"
    assert (response.status, response.headers["Content-Type"]) == (400, "text/xml")
    assert error.tag == f"{namespace}ErrorResponse"
    assert error.findtext(f"{namespace}Error/{namespace}Code") == "AWS.SimpleQueueService.UnsupportedOperation"
    message = error.findtext(f"{namespace}Error/{namespace}Message") or ""
    assert "ReceiveMessage" in message
    assert "JSON" in message


def test_query_protocol_with_odd_characters() -> None:
    """Whatever the Action is, the XML can be read."""
    for action in (b"%3C%2FMessage%3E%26", b"%00%0B%1B", b"%F0%9F%98%80", b"%ED%A0%80"):
        response = run("POST", "/", {"content-type": FORM}, b"Action=" + action)
        assert ET.fromstring(response.body) is not None  # noqa: S314


def cbor_map(encoded: bytes) -> dict[str, str]:
    """A CBOR map of texts whose lengths take two bytes each."""
    assert encoded[0] == 0xA0 | 2
    texts, rest = [], encoded[1:]
    while rest:
        assert rest[0] == 0x79
        (length,) = struct.unpack(">H", rest[1:3])
        texts.append(rest[3 : 3 + length].decode())
        rest = rest[3 + length :]
    return dict(zip(texts[::2], texts[1::2], strict=True))


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": CBOR, "x-amz-target": "Kinesis_20131202.PutRecords"},
        {"content-type": CBOR, "x-amz-target": "AmazonSQS.SendMessage"},
        {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
    ],
    ids=["kinesis", "sqs", "smithy"],
)
def test_cbor(headers: dict[str, str]) -> None:
    """CBOR, which the Java SDK speaks with Kinesis, is answered in CBOR with how to switch it off."""
    response = run("POST", "/", headers, b"\xbf\xff")
    fields = cbor_map(response.body)

    assert (response.status, response.headers["Content-Type"]) == (400, headers["content-type"])
    assert fields["__type"] == "UnknownOperationException"
    assert "CBOR_ENABLED=false" in fields["message"]
    assert "AWS_CBOR_DISABLE=true" in fields["message"]


@contextmanager
def http2(local_aws: LocalAws) -> Iterator[socket.socket]:
    """A connection over which the preface and settings of HTTP/2 were sent, in two pieces."""
    parts = urlsplit(local_aws.endpoint)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(PREFACE[:10])
        connection.sendall(PREFACE[10:] + frame(4, 0, 0, b""))
        yield connection


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame of HTTP/2."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def frames(connection: socket.socket, count: int) -> list[tuple[int, int, int, bytes]]:
    """So many frames: kind, flags, stream and payload."""
    with connection.makefile("rb") as stream:
        found = []
        for _ in range(count):
            head = stream.read(9)
            found.append((head[3], head[4], int.from_bytes(head[5:9]), stream.read(int.from_bytes(head[:3]))))
        return found


def test_http2(local_aws: LocalAws) -> None:
    """A client that begins with HTTP/2 reads, on every stream it opens, that it has to use HTTP/1.1."""
    with http2(local_aws) as connection:
        connection.sendall(frame(1, 4, 1, b"\x82") + frame(0, 1, 1, b"{}") + frame(6, 0, 0, b"12345678"))
        connection.sendall(frame(1, 5, 3, b"\x82"))
        settings, ack, head, body, ping, *second = frames(connection, 7)

    assert (settings[0], ack[:3], ping) == (4, (4, 1, 0), (6, 1, 0, b"12345678"))
    assert (head[0], head[2], b":status" in head[3], b"400" in head[3]) == (1, 1, True, True)
    assert "NodeHttpHandler" in json.loads(body[3])["message"]
    assert [each[2] for each in second] == [3, 3]


def test_http2_with_an_endless_frame(local_aws: LocalAws) -> None:
    """A frame longer than HTTP/2 allows is refused, not collected."""
    with http2(local_aws) as connection:
        connection.sendall(b"\xff\xff\xff\x01\x04\x00\x00\x00\x01")
        *_, goaway = frames(connection, 3)

    assert goaway[0] == 7


def test_versions_of_json() -> None:
    """SQS answers in JSON 1.0 and Kinesis in 1.1, errors too; only SQS has the header of the query protocol."""
    seen = {}
    for target in ("AmazonSQS.ListQueues", "AmazonSQS.Nothing", "Kinesis_20131202.ListStreams", "Kinesis_20131202.No"):
        response = run("POST", "/", {"x-amz-target": target}, b"{}")
        seen[target.partition("_")[0]] = (response.headers["Content-Type"], "x-amzn-query-error" in response.headers)

    assert seen == {
        "AmazonSQS.ListQueues": ("application/x-amz-json-1.0", False),
        "AmazonSQS.Nothing": ("application/x-amz-json-1.0", True),
        "Kinesis": ("application/x-amz-json-1.1", False),
    }


def test_content_type_that_kinesis_does_not_know() -> None:
    """Another content type is answered as AWS does: 404, and the error's name in XML."""
    response = run("POST", "/", {"x-amz-target": "Kinesis_20131202.ListStreams", "content-type": "text/plain"}, b"{}")

    assert (response.status, response.body) == (404, b"<UnknownOperationException/>\n")


@pytest.mark.parametrize(
    ("target", "body", "kind", "code"),
    [
        ("AmazonSQS.ListQueues", b"{", "SerializationException", "MalformedInput;Sender"),
        ("AmazonSQS.CreateQueue", b"{}", "InvalidParameterValueException", "InvalidParameterValue;Sender"),
        ("AmazonSQS.ReceiveMessage", b"{}", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender"),
        ("AmazonSQS.AddPermission", b"{}", "UnknownOperationException", "InvalidAction;Sender"),
    ],
)
def test_error_names(target: str, body: bytes, kind: str, code: str) -> None:
    """An error of SQS has its name in the body and its older code in the header."""
    response = run("POST", "/", {"x-amz-target": target}, body)

    assert json.loads(response.body)["__type"] == kind
    assert response.headers["x-amzn-query-error"] == code


def test_curl_may_speak_json(sqs: SQSClient, local_aws: LocalAws) -> None:
    """A request that names its operation is read as JSON though curl calls it a form."""
    headers = {"X-Amz-Target": "AmazonSQS.CreateQueue", "Content-Type": FORM}
    with urlopen(HttpRequest(local_aws.endpoint, b'{"QueueName": "q"}', headers), timeout=60) as response:  # noqa: S310
        assert json.load(response)["QueueUrl"] == sqs.get_queue_url(QueueName="q")["QueueUrl"]
