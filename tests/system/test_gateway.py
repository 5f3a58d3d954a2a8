"""The HTTP door as a process: its answers, and the promise that what it answers 200 is on the stream."""

import json
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import eventually
from tests.system.gateway import (
    JSON,
    OTHER_STREAM,
    STREAM,
    Gateway,
    Place,
)
from tests.system.micro import Micro, ask
from tests.system.processes import command

FIXTURES = Path(__file__).parent.parent / "fixtures"
RECORD = f"/streams/{STREAM}/record"
SOUND = b'{"Data": {"request_id": "1"}}'


@pytest.fixture(scope="module")
def gateway(place: Place) -> Iterator[Gateway]:
    """A gateway that gives up after two seconds, and has seen its contracts at rest: before, no reject is final."""
    with place.gateway(GATEWAY_DEADLINE="2") as process:
        odd = b'{"Data": {"n": "odd"}}'
        eventually(
            lambda: process.send(f"/streams/{OTHER_STREAM}/record", odd)[0] == 422, "the contracts to be at rest"
        )
        yield process


def test_what_is_answered_200_is_where_the_answer_says(place: Place, gateway: Gateway) -> None:
    """Shard and sequence number of the answer are those of the record, whose bytes are those of `Data`."""
    status, document = gateway.send(RECORD, b'{"Data": {"request_id": "a",\n "n":  1},  "PartitionKey": "k"}')

    assert status == 200
    iterator = place.aws.kinesis.get_shard_iterator(
        StreamName=STREAM,
        ShardId=document["ShardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=document["SequenceNumber"],
    )["ShardIterator"]
    [record] = place.aws.kinesis.get_records(ShardIterator=iterator, Limit=1)["Records"]
    assert (record["PartitionKey"], record["Data"]) == ("k", b'{"request_id": "a",\n "n":  1}')


@pytest.mark.parametrize("stream", [STREAM, OTHER_STREAM])
@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("has_key", [True, False])
def test_samples_by_curl(
    place: Place, gateway: Gateway, tmp_path: Path, stream: str, method: str, has_key: bool
) -> None:
    """Row H1: the sample requests by curl, as they are or without PartitionKey, are on their streams, byte for byte.

    Without PartitionKey it is the field that the streams file names, or the id.
    """
    sample = FIXTURES / f"{stream}.json"
    document = json.loads(sample.read_text())
    key = document["PartitionKey"]
    if not has_key:
        key = document["Data"]["cookie_id" if stream == STREAM else "request_id"]
        text = re.sub(r',\s*"PartitionKey": "[^"]*"', "", sample.read_text())
        sample = tmp_path / "body.json"
        sample.write_text(text)
    before = place.on_stream(stream)
    url = f"http://127.0.0.1:{gateway.door}/streams/{stream}/record"
    arguments = ["-sS", "-X", method, url, "-H", "content-type: application/json", "--data-binary", f"@{sample}"]
    done = subprocess.run(["curl", *arguments], capture_output=True, text=True, timeout=60, check=True)

    assert json.loads(done.stdout).keys() == {"SequenceNumber", "ShardId"}
    [(found_key, data)] = Counter(place.on_stream(stream)) - Counter(before)
    assert (found_key, json.loads(data)) == (key, document["Data"])
    assert data.decode() in sample.read_text()


def test_answers_of_row_h2(place: Place, gateway: Gateway) -> None:
    """Row H2: 404, 400, 413, 422 with the faults of its reject, and 503 unless Kinesis has acknowledged it.

    401 and the 429 of a key are in test_gateway_keys; the 429 of a full gateway, and more of 503, stand below.
    """
    assert gateway.send("/streams/nobody/record", SOUND)[0] == 404
    assert gateway.send(RECORD, b"{'no': JSON}")[0] == 400
    assert gateway.send(RECORD, b'{"Data": {"request_id": "%s"}}' % (b"x" * 2**20))[0] == 413
    status, document = gateway.send(RECORD, b'{"Data": {"request_id": 17, "n": "h2"}}')
    [reject] = [each for each in place.rejects() if each["original"] == '{"request_id": 17, "n": "h2"}']
    kept = [{name: value for name, value in fault.items() if name != "found"} for fault in reject["faults"]]
    assert (status, document["faults"]) == (422, kept)

    place.aws.set_faults(lose_answer=1.0)
    try:
        assert gateway.send(RECORD, b'{"Data": {"request_id": "unacknowledged"}}')[0] == 503
    finally:
        place.aws.set_faults()
    assert b"unacknowledged" in b"".join(data for _, data in place.on_stream())


def test_it_says_what_it_takes(gateway: Gateway) -> None:
    """Which streams there are, with their subjects, and a description in OpenAPI with a path for each."""
    (status, streams), (described, openapi) = (gateway.send(path, b"", "GET") for path in ("/streams", "/openapi.json"))

    assert (status, described) == (200, 200)
    assert [(each["name"], each["subjects"]) for each in streams["streams"]] == [
        (name, [{"subject": name, "version": "1-0-0"}]) for name in (STREAM, OTHER_STREAM)
    ]
    assert {RECORD, f"{RECORD}s", "/streams", "/openapi.json", "/v1/track", "/v1/batch"} < openapi["paths"].keys()
    assert openapi["components"]["schemas"][STREAM]["required"] == ["request_id"]
    assert gateway.send("/streams", b"", "DELETE")[0] == 405


def test_micro_mode_answers_as_this_does(place: Place, gateway: Gateway) -> None:
    """A client that is tested against micro mode meets the same statuses, bodies and headers here."""
    batch = {"records": [{"data": {"request_id": "b"}}, {"data": {"n": "x"}}]}
    requests: list[tuple[str, str, bytes, dict[str, str]]] = [
        ("PUT", RECORD, SOUND, JSON),
        ("POST", RECORD, b'{"Data": {"n": "x"}}', JSON),
        ("POST", f"{RECORD}s", json.dumps(batch).encode(), JSON),
        ("POST", RECORD, b'{"Data": 1, "more": 2}', JSON),
        ("POST", RECORD, b'{"Data": {"request_id": "%s"}}' % (b"x" * 1024 * 1024), JSON),
        ("POST", RECORD, SOUND, {"Content-Type": "text/plain"}),
        ("POST", "/streams/none/record", SOUND, JSON),
        ("DELETE", RECORD, b"", JSON),
        ("POST", "/v1/track", b'{"request_id": "s", "writeKey": "%s"}' % STREAM.encode(), JSON),
        ("GET", "/streams", b"", {}),
    ]
    with Micro(place.folder, **place.settings) as micro:
        for request in requests:
            (status, body, headers), (ours, our_body, our_headers) = (
                ask(port, *request) for port in (gateway.door, micro.port)
            )
            assert (ours, without_names(our_body)) == (status, without_names(body)), request[:2]
            ours_alone = {"vary", *(name for name in our_headers if name.startswith("access-control-"))}  # CORS
            assert set(our_headers) - ours_alone == set(headers), request[:2]


def without_names(document: dict[str, Any]) -> str:
    """But for what each stream numbers as it likes, and the deadline, which this one has of its own."""
    text = json.dumps({name: value for name, value in document.items() if name != "deadline_seconds"})
    return re.sub(r'("SequenceNumber": "|"ShardId": "shardId-)\d+', r"\1", text)


def test_counted_rejects_are_not_stored(place: Place, gateway: Gateway) -> None:
    """A stream that says `count` answers 422 as any other, and keeps nothing."""
    assert gateway.send(f"/streams/{OTHER_STREAM}/record", b'{"Data": {"n": "counted"}}')[0] == 422
    assert not [each for each in place.rejects() if "counted" in each["original"]]
    assert gateway.metric("rejects_total") >= 1


def test_several_have_a_result_each(place: Place, gateway: Gateway) -> None:
    """In their order: what is sound is stored, what is not says why, and is in the reject store."""
    records = [{"data": {"request_id": "b"}}, {"data": {"n": "y"}}, {"data": {"request_id": "c"}, "partition-key": "k"}]
    status, document = gateway.send(f"{RECORD}s", json.dumps({"records": records}).encode(), "POST")

    assert (status, document["FailedRecordCount"]) == (200, 1)
    first, second, third = document["Records"]
    assert first["SequenceNumber"]
    assert third["SequenceNumber"]
    assert {fault["pointer"] for fault in second["faults"]} == {"", "/n"}
    [reject] = [each for each in place.rejects() if each["original"] == '{"n": "y"}']
    assert (reject["source_kind"], reject["source"], reject["subject"]) == ("door", STREAM, STREAM)
    assert {fault["pointer"] for fault in reject["faults"]} == {"", "/n"}


def test_a_violated_contract_is_a_problem_with_its_faults(gateway: Gateway) -> None:
    """422 tells all that is wrong, and by which version of the contract."""
    status, document = gateway.send(RECORD, b'{"Data": {"request_id": 7, "n": "x"}}')

    assert (status, document["version"]) == (422, "1-0-0")
    assert {fault["pointer"] for fault in document["faults"]} == {"/n", "/request_id"}


@pytest.mark.parametrize(
    ("path", "body", "method", "headers", "status"),
    [
        ("/streams/none/record", SOUND, "PUT", {}, 404),
        ("/", SOUND, "PUT", {}, 404),
        (RECORD, SOUND, "DELETE", {}, 405),
        (RECORD, b"{", "PUT", {}, 400),
        (f"{RECORD}s", SOUND, "PUT", {}, 400),
        (RECORD, SOUND, "PUT", {"Content-Type": "text/plain"}, 415),
        (RECORD, SOUND, "PUT", {"Content-Encoding": "gzip"}, 415),
        (RECORD, SOUND, "PUT", {"Content-Length": str(20 * 1024 * 1024)}, 413),
        (RECORD, b'{"Data": {"request_id": "%s"}}' % (b"x" * 1024 * 1024), "PUT", {}, 413),
    ],
)
def test_what_cannot_be_taken_says_why(
    gateway: Gateway, path: str, body: bytes, method: str, headers: dict[str, str], status: int
) -> None:
    """Each kind of request that is no good has its own status, and a problem in JSON."""
    found, document = gateway.send(path, body, method, **headers)

    assert (found, document["status"]) == (status, status)


def _raw(gateway: Gateway, *pieces: bytes) -> bytes:
    """What is answered to these bytes, until the connection is closed."""
    with socket.create_connection(("127.0.0.1", gateway.door), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return _received(connection)


def _received(connection: socket.socket) -> bytes:
    """All of it, until the other side closes."""
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def test_a_body_without_length_is_411(gateway: Gateway) -> None:
    """Whoever does not say how long a body is gets no guess."""
    head = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n".encode()

    assert _raw(gateway, head).startswith(b"HTTP/1.1 411 ")


def test_a_body_in_chunks_is_taken(gateway: Gateway) -> None:
    """Chunked bodies are as good as others."""
    head = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    chunks = b"Connection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(SOUND), SOUND)

    assert _raw(gateway, head.encode(), chunks).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_does_not_come_is_not_waited_for(gateway: Gateway) -> None:
    """A client that stops in the middle of its body is told so at the deadline."""
    head = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{{"

    assert _raw(gateway, head.encode()).startswith(b"HTTP/1.1 408 ")
    assert gateway.send(RECORD, SOUND)[0] == 200


def test_a_head_without_end_is_not_read(gateway: Gateway) -> None:
    """Headers that grow and grow are cut off, and nobody else notices."""
    head = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nX-Long: ".encode()
    with socket.create_connection(("127.0.0.1", gateway.door), timeout=30) as connection:
        connection.sendall(head)
        sent = 0
        try:
            while sent < 64 * 1024 * 1024:
                sent += connection.send(b"x" * 65536)
        except OSError:
            pass
    assert sent < 16 * 1024 * 1024, "all of it was taken, but for what the kernel buffers"
    assert gateway.send(RECORD, SOUND)[0] == 200


def test_answers_leave_at_once(gateway: Gateway) -> None:
    """The second half of an answer does not wait for the client to acknowledge the first, which takes it 40 ms."""
    connection = HTTPConnection("127.0.0.1", gateway.door, timeout=60)
    took: list[float] = []
    for _ in range(40):
        begun = time.perf_counter()
        connection.request("PUT", RECORD, SOUND, JSON)
        assert connection.getresponse().read()
        took.append(time.perf_counter() - begun)
    connection.close()
    assert min(took[-10:]) < 0.035  # the kernel acknowledges the first ones quicker


def test_large_headers_are_431(gateway: Gateway) -> None:
    """A head over the limit is told so; one below it is as good as any."""
    start = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\n".encode()

    assert _raw(gateway, start + b"X: " + b"x" * 70_000).startswith(b"HTTP/1.1 431 ")
    assert gateway.send(RECORD, SOUND, "PUT", **{"X-Long": "x" * 50_000})[0] == 200


@pytest.mark.prove
def test_whoever_sends_nothing_is_not_kept(gateway: Gateway) -> None:
    """A connection without a whole head is closed, one that drips as well, and one that has sent its first request."""
    with (
        socket.create_connection(("127.0.0.1", gateway.door), timeout=60) as silent,
        socket.create_connection(("127.0.0.1", gateway.door), timeout=60) as second,
    ):
        head = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        second.sendall(f"{head}Content-Length: {len(SOUND)}\r\n\r\n".encode() + SOUND + b"PUT ")

        assert _received(silent) == b""
        assert _received(second).count(b"HTTP/1.1 200 ") == 1


def test_a_stream_that_refuses_is_503_in_time(place: Place, gateway: Gateway) -> None:
    """What Kinesis does not acknowledge by the deadline is 503; once it takes records again, so does the door."""
    place.aws.set_faults(refuse=1.0)
    try:
        status, document = gateway.send(RECORD, SOUND)
    finally:
        place.aws.set_faults()

    assert (status, document["status"]) == (503, 503)
    assert gateway.send(RECORD, SOUND)[0] == 200
    eventually(lambda: gateway.metric("in_hand_records") == 0)


def test_a_full_gateway_says_so(place: Place) -> None:
    """With no room for more records a request is 429, and nothing of it is taken."""
    batch = json.dumps({"records": [{"data": {"request_id": "full"}}] * 500}).encode()
    place.aws.set_faults(refuse=1.0)
    try:
        with place.gateway(MAX_IN_FLIGHT="500", GATEWAY_DEADLINE="60") as gateway:
            gateway.send_aside(f"{RECORD}s", batch)
            eventually(lambda: gateway.metric("in_hand_records") == 500)

            assert gateway.send(RECORD, SOUND)[0] == 429
    finally:
        place.aws.set_faults()


def test_a_stop_answers_what_is_in_hand(place: Place) -> None:
    """After SIGTERM nobody connects any more, whoever waits is answered with the truth, and the exit code is 0."""
    place.aws.set_faults(refuse=1.0)
    try:
        with place.gateway(GATEWAY_DEADLINE="60", SHUTDOWN_GRACE="30") as gateway:
            waiting = gateway.send_aside(RECORD, SOUND, times=5)
            eventually(lambda: gateway.metric("in_hand_records") == 5)
            gateway.signal(signal.SIGTERM)
            eventually(lambda: _refuses_connections(gateway.door))
            place.aws.set_faults()

            assert waiting.join() == [200] * 5
            assert gateway.exit_code() == 0
    finally:
        place.aws.set_faults()


def test_a_stop_leaves_nobody_waiting(place: Place) -> None:
    """Whoever's record Kinesis does not take within the grace period is told so before the process ends."""
    place.aws.set_faults(refuse=1.0)
    try:
        with place.gateway(GATEWAY_DEADLINE="60", SHUTDOWN_GRACE="2") as gateway:
            waiting = gateway.send_aside(RECORD, SOUND)
            eventually(lambda: gateway.metric("in_hand_records") == 1)
            gateway.signal(signal.SIGTERM)

            assert waiting.join() == [503]
            assert gateway.exit_code() == 0
    finally:
        place.aws.set_faults()


def test_a_stop_waits_for_no_body(place: Place) -> None:
    """Whoever's body is still coming near the end of the grace period is told so, and nothing of it is taken."""
    with place.gateway(GATEWAY_DEADLINE="60", SHUTDOWN_GRACE="2") as gateway:
        head = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{{"
        with socket.create_connection(("127.0.0.1", gateway.door), timeout=60) as connection:
            connection.sendall(head.encode())
            eventually(lambda: gateway.metric("in_hand_bytes") == 1)
            gateway.signal(signal.SIGTERM)

            assert _received(connection).startswith(b"HTTP/1.1 408 ")
        assert gateway.exit_code() == 0
        assert not [line for line in gateway.errors.splitlines() if '"level": "error"' in line]


def test_a_drain_lets_load_balancers_turn_away(place: Place) -> None:
    """A drain begins with /readyz: all is taken still, each answer ends its connection, and the exit code is 0."""
    with place.gateway(GATEWAY_DRAIN="3", SHUTDOWN_GRACE="20").wait_until_ready() as gateway:
        connection = HTTPConnection("127.0.0.1", gateway.door, timeout=60)
        connection.request("PUT", RECORD, SOUND, JSON)
        before = connection.getresponse()
        before.read()
        gateway.signal(signal.SIGTERM)
        eventually(lambda: "stopping" in gateway.reasons())
        told: list[str | None] = []

        def is_told() -> bool:
            connection.request("PUT", RECORD, SOUND, JSON)
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            told.append(answer.getheader("Connection"))
            return told[-1] == "close"

        eventually(is_told)
        eventually(lambda: _refuses_connections(gateway.door))

        assert before.getheader("Connection") is None
        assert gateway.exit_code() == 0


def test_a_drain_is_a_part_of_the_grace_period(place: Place) -> None:
    """One that leaves no time for answers is a wrong setting."""
    settings = {**place.settings, "GATEWAY_DRAIN": "28", "AWS_ENDPOINT_URL": place.aws.endpoint}
    done = command("event_processor", "gateway", **settings)

    assert done.returncode == 2
    assert "GATEWAY_DRAIN: was 28; it must be below SHUTDOWN_GRACE, 28" in done.stderr


def _refuses_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return True
    return False
