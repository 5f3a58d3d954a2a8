"""What the lean clients do is what boto3's clients do: the same requests, the same exceptions."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import boto3
import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.calls import code_of, is_transient
from event_processor.aws.lean_transport.clients import LeanClient
from local_aws import Faults, LocalAws
from local_aws.faults.codes import ALL_CODES
from tests.contract import backends
from tests.eventually import eventually

KEYS = Credentials("AKIDTEST", "secret", "token+/=")
DEAD = "http://127.0.0.1:1"


class Pair(NamedTuple):
    """The same calls, made by both."""

    boto3: Any
    lean: Any

    def both(self, method: str, **request: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
        """A call by boto3, and by the lean client."""
        return (lambda: getattr(self.boto3, method)(**request)), (lambda: getattr(self.lean, method)(**request))


def pair(endpoint: str | None, service: str = "sqs", credentials: Any = KEYS, **config: Any) -> Pair:
    """Both clients of an endpoint, with credentials of our own."""
    session = boto3.Session(region_name="eu-west-1")
    core: Any = session._session
    core._credentials = credentials  # the way around files and environment
    settings = {"connect_timeout": 60, "read_timeout": 60, "tcp_keepalive": True, **config}
    own = Config(retries={"total_max_attempts": 1}, parameter_validation=False, user_agent="agent/1", **settings)
    client = session.client(service, endpoint_url=endpoint, config=own)  # type: ignore[call-overload]
    return Pair(client, LeanClient(client, credentials, core.get_config_variable("ca_bundle")))


def failure(call: Callable[[], Any]) -> Exception:
    """What a call raises."""
    with pytest.raises((ClientError, BotoCoreError)) as caught:
        call()
    return caught.value


def details(error: Exception) -> Any:
    """What a caller may look at."""
    if not isinstance(error, ClientError):
        return type(error), is_transient(error), code_of(error)
    metadata = error.response["ResponseMetadata"]
    seen = metadata["HTTPStatusCode"], metadata.get("RequestId")
    return type(error), is_transient(error), code_of(error), text(error), error.response["Error"], seen


def text(error: Exception) -> str:
    """What it says, without the count of retries, which boto3 adds."""
    return str(error).replace(" (reached max retries: 0)", "")


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "sqs",
        "receive_message",
        {
            "QueueUrl": "https://sqs/1/q",
            "MaxNumberOfMessages": 10,
            "MessageSystemAttributeNames": ["SentTimestamp", "AWSTraceHeader"],
            "MessageAttributeNames": ["traceparent"],
            "ReceiveRequestAttemptId": "8be01974",
        },
    ),
    ("sqs", "delete_message_batch", {"QueueUrl": "https://sqs/1/q", "Entries": [{"Id": "0", "ReceiptHandle": "é"}]}),
    (
        "sqs",
        "change_message_visibility_batch",
        {"QueueUrl": "u", "Entries": [{"Id": "0", "ReceiptHandle": "h", "VisibilityTimeout": 60}]},
    ),
    (
        "sqs",
        "send_message_batch",
        {
            "QueueUrl": "u",
            "Entries": [
                {
                    "Id": "0",
                    "MessageBody": "größe 🛰\n",
                    "MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}},
                }
            ],
        },
    ),
    ("kinesis", "put_records", {"StreamName": "s", "Records": [{"Data": bytes(range(256)), "PartitionKey": "ü"}]}),
    ("kinesis", "list_shards", {"StreamName": "s", "ShardFilter": {"Type": "AT_LATEST"}}),
]


@pytest.mark.parametrize("path", ["", "/prefix/"])
@pytest.mark.parametrize(("service", "method", "request_"), REQUESTS, ids=lambda value: value)
def test_requests_are_boto3s(service: str, method: str, request_: dict[str, Any], path: str) -> None:
    """Service, operation, protocol, host, path, user agent and content are the same on the wire."""
    with backends.wire(backends.http_answer(b"{}")) as server:
        for call in pair(server.endpoint + path, service).both(method, **request_):
            call()
        boto3s, ours = server.arrived

    assert ours.line == boto3s.line
    assert json.loads(ours.body) == json.loads(boto3s.body)
    passing = {"authorization", "x-amz-date", "content-length"}
    expected = {name: value for name, value in boto3s.headers.items() if not name.startswith("amz-sdk-")}
    # Powertools, once some test has imported it, adds itself to what every boto3 client says.
    expected["user-agent"] = expected["user-agent"].partition(" PT/")[0]
    assert _less(ours.headers, passing) == _less(expected, passing)
    assert int(ours.headers["content-length"]) == len(ours.body)


def _less(headers: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


def test_what_arrives_is_what_was_signed() -> None:
    """The signature on the wire is the one botocore makes of all that arrived: host, date and token included."""
    with backends.wire(backends.http_answer(b"{}")) as server:
        pair(server.endpoint).lean.receive_message(QueueUrl="u")
        [arrived] = server.arrived
    signed = arrived.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: arrived.headers[name] for name in signed if name != "x-amz-date"}
    now = datetime.strptime(arrived.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    request = AWSRequest("POST", f"http://{headers.pop('host')}/", headers=headers, data=arrived.body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: now)
        botocore.auth.SigV4Auth(KEYS, "sqs", "eu-west-1").add_auth(request)

    assert arrived.headers["authorization"] == request.headers["Authorization"]
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(signed)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.fixture(scope="module")
def emulator() -> Iterator[LocalAws]:
    """One for all error codes."""
    with LocalAws() as aws:
        yield aws


@pytest.mark.parametrize("code", sorted(ALL_CODES))
def test_error_codes_are_boto3s(emulator: LocalAws, code: str) -> None:
    """Each error that AWS documents is the same exception, with the same code, text and status."""
    services = [("sqs", "receive_message", {"QueueUrl": f"{emulator.endpoint}/1/q"}), ("kinesis", "put_records", {})]
    for service, method, request in services:
        calls = pair(emulator.endpoint, service).both(method, **request)
        emulator.faults = Faults(fail_call=1.0, fail_codes=(code,))
        boto3s, ours = (failure(call) for call in calls)
        emulator.faults = backends.NO_FAULTS

        assert details(ours)[:3] == details(boto3s)[:3]
        assert isinstance(ours, ClientError)
        assert isinstance(boto3s, ClientError)
        assert ours.response["Error"] == boto3s.response["Error"]
        assert ours.operation_name == boto3s.operation_name


ANSWERS = {
    "namespace": backends.http_answer(b'{"__type":"com.amazonaws.sqs#OverLimit","message":"no"}', "403 Forbidden"),
    "address": backends.http_answer(b'{"__type":"X:http://internal/","Message":"no"}', "400 Bad Request"),
    "query error": backends.http_answer(
        b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}',
        "400 Bad Request",
        x_amzn_query_error="AWS.SimpleQueueService.NonExistentQueue;Sender",
        x_amzn_requestid="31980191",
    ),
    "half a query error": backends.http_answer(b'{"__type":"A#B"}', "400 Bad Request", x_amzn_query_error=";Sender"),
    "nothing": b"",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_answers_are_understood_as_boto3_does(answer: bytes) -> None:
    """However a call is refused, by AWS or by what stands before it, the exception is the same."""
    with backends.wire(answer) as server:
        boto3s, ours = (failure(call) for call in pair(server.endpoint).both("receive_message", QueueUrl="u"))

        assert details(ours) == details(boto3s)
        assert len(server.arrived) == 2


@pytest.mark.parametrize(
    ("fault", "read_timeout"),
    [(Faults(reset=1.0), 60), (Faults(lose_answer=1.0), 60), (Faults(stall=1.0, stall_seconds=30), 0.3)],
)
def test_broken_calls_are_boto3s(fault: Faults, read_timeout: float) -> None:
    """A reset, a lost answer and one that takes too long are the same exceptions."""
    with LocalAws() as aws:
        url = pair(aws.endpoint).boto3.create_queue(QueueName="q")["QueueUrl"]
        calls = pair(aws.endpoint, read_timeout=read_timeout)
        aws.faults = fault
        boto3s, ours = (failure(call) for call in calls.both("receive_message", QueueUrl=url))

        assert details(ours) == details(boto3s)
        assert is_transient(ours)


@contextmanager
def _deaf() -> Iterator[str]:
    """An address that takes no more connections."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.create_connection(listener.getsockname()) for _ in range(1)]
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for connection in waiting:
            connection.close()


def test_connect_timeout_is_boto3s() -> None:
    """Nobody who takes the connection in time is the same exception."""
    with _deaf() as endpoint:
        boto3s, ours = (
            failure(call) for call in pair(endpoint, connect_timeout=0.3).both("receive_message", QueueUrl="u")
        )
        assert details(ours) == details(boto3s)
        assert code_of(ours) == "ConnectTimeoutError"


@pytest.mark.parametrize("endpoint", [DEAD, "http://nowhere.invalid", "https://127.0.0.1:1"])
def test_unreachable_is_boto3s(endpoint: str) -> None:
    """A port where nobody listens and a name that nobody has are the same exceptions, and say the endpoint."""
    boto3s, ours = (failure(call) for call in pair(endpoint).both("receive_message", QueueUrl="u"))

    assert details(ours) == details(boto3s)
    assert endpoint in str(ours)


@pytest.mark.parametrize(
    "answer",
    [
        b"+PONG\r\n\r\n",
        backends.http_answer(b"{}", "413 Content Too Large"),
        backends.http_answer(b"no entry", "403 Forbidden"),
        backends.http_answer(b"", "400 Bad Request"),
        backends.http_answer(b"<html>down</html>", "503 Service Unavailable"),
        backends.http_answer(b"", "502 Bad Gateway"),
        backends.http_answer(b"", "307 Temporary Redirect", Location="http://127.0.0.1:1/"),
        backends.http_answer(b"<html>log in</html>"),
        backends.http_answer(b""),
        backends.http_answer(b"[]"),
        backends.http_answer(b"[]", "400 Bad Request"),
        backends.http_answer(b"\xff", "400 Bad Request"),
    ],
)
def test_no_json_object_is_an_error(answer: bytes) -> None:
    """Where plain boto3 sees an empty queue, or breaks, what is not AWS's answer fails, and is asked for again."""
    with backends.wire(answer) as server:
        error = failure(lambda: pair(server.endpoint).lean.receive_message(QueueUrl="u"))

    assert isinstance(error, MalformedAnswer)
    assert is_transient(error)
    assert server.endpoint.removeprefix("http://") in str(error)


@pytest.mark.parametrize("answer", [backends.http_answer(b'{"Messages": []}')[:-4], b"HTTP/1.1 200 OK\r\nContent-"])
def test_half_an_answer_is_a_lost_answer(answer: bytes) -> None:
    """An answer that ends too early is not taken for a whole one."""
    with backends.wire(answer) as server:
        error = failure(lambda: pair(server.endpoint).lean.receive_message(QueueUrl="u"))

    assert isinstance(error, ConnectionClosedError)


@contextmanager
def _answering(answer: bytes, after_bytes: int = 1, after_seconds: float = 0.0) -> Iterator[str]:
    """Answers one request when so much of it is read and so long has passed, and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(after_bytes)
                time.sleep(after_seconds)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_answer_may_take_longer_than_connecting() -> None:
    """The connect timeout ends with the connection: a long poll is not cut off by it."""
    with _answering(backends.http_answer(b"{}"), after_bytes=65536, after_seconds=1.5) as endpoint:
        assert pair(endpoint, connect_timeout=1.0).lean.receive_message(QueueUrl="u") == {}


def test_an_answer_before_the_whole_request_is_read_counts() -> None:
    """Whoever refuses a call by its head and closes the connection has said why."""
    refusal = backends.http_answer(b'{"__type":"AccessDeniedException"}', "400 Bad Request")
    records = [{"Data": bytes(8 * 1024 * 1024), "PartitionKey": "k"}]
    with _answering(refusal) as endpoint:
        error = failure(lambda: pair(endpoint, "kinesis").lean.put_records(StreamName="s", Records=records))

    assert code_of(error) == "AccessDeniedException"


def test_chunked_answers_are_read() -> None:
    """An answer that comes in pieces, as through some proxies, is put together."""
    with backends.wire(
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n'
    ) as server:
        assert pair(server.endpoint).lean.receive_message(QueueUrl="u") == {"a": 1}


def test_closed_connections_are_opened_anew() -> None:
    """A kept connection that the server has closed since is no error, as with boto3."""
    with backends.wire(backends.http_answer(b"{}")) as server:
        for call in pair(server.endpoint).both("receive_message", QueueUrl="u"):
            call()
            eventually(lambda: server.closed == len(server.arrived), "the connection to be closed")
            call()

        assert len(server.arrived) == 4


def test_connections_are_kept() -> None:
    """Call after call goes over one connection."""
    with LocalAws() as aws:
        calls = pair(aws.endpoint)
        url = calls.boto3.create_queue(QueueName="q")["QueueUrl"]
        lean: Any = calls.lean
        for _ in range(5):
            calls.lean.receive_message(QueueUrl=url)
            calls.lean.delete_message_batch(QueueUrl=url, Entries=[{"Id": "0", "ReceiptHandle": "x"}])

        pools = {id(each.route.pool): each.route.pool for each in lean._caller._routes.values()}
        assert [pool.num_connections for pool in pools.values()] == [1]


def test_credentials_are_refreshed() -> None:
    """Credentials that run out are replaced under way, and the next call is signed with the new ones."""
    issued: list[str] = []

    def issue() -> dict[str, str]:
        issued.append(f"AKID{len(issued)}")
        lifetime = timedelta(seconds=1 if len(issued) == 1 else 3600)  # the first one is always about to expire
        expiry = (datetime.now(UTC) + lifetime).isoformat()
        return {"access_key": issued[-1], "secret_key": f"s{issued[-1]}", "token": "t", "expiry_time": expiry}

    credentials = RefreshableCredentials.create_from_metadata(issue(), issue, "test")
    with backends.wire(backends.http_answer(b"{}", Connection="close")) as server:
        calls = pair(server.endpoint, credentials=credentials)
        for call in (*calls.both("receive_message", QueueUrl="u"), *calls.both("receive_message", QueueUrl="u")):
            call()

        used = [arrived.headers["authorization"].partition("Credential=")[2][:5] for arrived in server.arrived]
    assert issued == ["AKID0", "AKID1"]
    assert set(used) == {"AKID1"}


@pytest.mark.parametrize("key", ["AKID\n", "AKID\r\nx-evil: 1"])
def test_line_breaks_in_credentials(key: str) -> None:
    """A secret pasted with a line break is an error of its own, not a broken request."""
    with backends.wire(backends.http_answer(b"{}")) as server:
        boto3s, ours = (
            failure(call)
            for call in pair(server.endpoint, credentials=Credentials(key, "s")).both("receive_message", QueueUrl="u")
        )
        assert type(ours) is type(boto3s)
        assert server.arrived == []


@pytest.mark.parametrize(("hours", "word"), [(2, "behind"), (-3, "ahead of")])
def test_wrong_clocks_are_named(hours: int, word: str) -> None:
    """When AWS refuses a signature and its clock is far from ours, the message says by how much."""
    date = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    body = b'{"__type":"InvalidSignatureException","message":"Signature expired"}'
    with backends.wire(backends.http_answer(body, "400 Bad Request", Date=date)) as server:
        boto3s, ours = (failure(call) for call in pair(server.endpoint).both("receive_message", QueueUrl="u"))

    assert details(ours)[:3] == details(boto3s)[:3]
    assert str(ours).startswith(text(boto3s))
    assert f"{word} AWS's" in str(ours)


def test_right_clocks_are_not_blamed() -> None:
    """A wrong secret is not explained with the clock."""
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    body = b'{"__type":"SignatureDoesNotMatch","message":"no"}'
    with backends.wire(backends.http_answer(body, "403 Forbidden", Date=date)) as server:
        assert "clock" not in str(failure(lambda: pair(server.endpoint).lean.receive_message(QueueUrl="u")))


@pytest.mark.parametrize(("service", "method"), [("sqs", "receive_message"), ("kinesis", "put_records")])
@pytest.mark.parametrize("variant", [{}, {"use_fips_endpoint": True}, {"use_dualstack_endpoint": True}])
def test_endpoints_are_boto3s(service: str, method: str, variant: dict[str, bool]) -> None:
    """Without an endpoint of our own the call goes where boto3's would: FIPS, dual stack and accounts included."""
    credentials = Credentials("a", "b", account_id="123456789012")
    calls = pair(None, service, credentials, **variant)
    lean: Any = calls.lean
    sent: list[str] = []

    def stop(request: Any, **_: Any) -> None:
        sent.append(request.url)
        raise KeyError

    calls.boto3.meta.events.register("before-send", stop)
    with pytest.raises(KeyError):
        getattr(calls.boto3, method)()

    assert [lean._caller._find_route(method).route.url] == sent
