"""The HTTP door and clients that mean no good: each is answered or cut off, and the others are served all the while."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.certificates import LOOPBACK, self_signed
from tests.eventually import eventually
from tests.system.gateway import STREAM, Gateway, Place

RECORD = f"/streams/{STREAM}/record"
SOUND = b'{"Data": {"request_id": "1"}}'
HEAD = f"PUT {RECORD} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
CLOSE = b"Connection: close\r\n"
REQUEST = HEAD + b"Content-Length: %d\r\n\r\n" % len(SOUND) + SOUND
LAST = HEAD + CLOSE + b"Content-Length: %d\r\n\r\n" % len(SOUND) + SOUND
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SOUND), SOUND)
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
FILES = 400  # that the process may have open: some hundred less are for connections
MIB = 1024


@pytest.fixture(scope="module")
def gateway(place: Place) -> Iterator[Gateway]:
    """One that has not many files, and gives up after two seconds."""
    with place.gateway(before=f"ulimit -n {FILES}", GATEWAY_DEADLINE="2") as process:
        yield process


def connect(gateway: Gateway) -> socket.socket:
    """A connection."""
    return socket.create_connection(("127.0.0.1", gateway.door), timeout=60)


def statuses(gateway: Gateway, *pieces: bytes) -> list[int]:
    """What is answered to these bytes, until the connection is closed."""
    with connect(gateway) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return told(connection)


def told(connection: socket.socket) -> list[int]:
    """The statuses of all that comes, until the connection is closed or reset."""
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionError:
        pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", found)]


def two(first: bytes, second: bytes) -> bytes:
    """A head with two lines about its body; behind it what one reader takes for the body, and another one does not."""
    return HEAD + first + b"\r\n" + second + b"\r\n\r\n0\r\n\r\n" + SMUGGLED


@pytest.mark.parametrize(
    "request_bytes",
    {
        "lengths that differ": two(b"Content-Length: 5", b"Content-Length: 6"),
        "lengths that are equal": two(b"Content-Length: 5", b"Content-Length: 5"),
        "a list of lengths": HEAD + b"Content-Length: 5, 5\r\n\r\n" + SMUGGLED,
        "a length, then chunks": two(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        "chunks, then a length": two(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        "chunks twice": two(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        "chunks and none": two(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        "chunks before the last coding": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "gzip, then chunks": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNK + SMUGGLED,
        "almost chunks": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "a folded line": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "a blank before the colon": HEAD + b"Content-Length : 5\r\n\r\n" + SMUGGLED,
        "a signed length": HEAD + b"Content-Length: +5\r\n\r\n" + SMUGGLED,
        "a length without end": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n" + SMUGGLED,
        "a line that ends early": HEAD + b"X: a\rContent-Length: 5\r\n\r\n" + SMUGGLED,
        "lines without returns": REQUEST.replace(b"\r\n", b"\n") + SMUGGLED,
        "a NUL": HEAD + b"X: a\0b\r\n\r\n" + SMUGGLED,
        "a chunk of negative size": CHUNKED + b"\r\n-1\r\n" + SMUGGLED,
        "a chunk with a prefix": CHUNKED + b"\r\n0x5\r\n" + SMUGGLED,
        "a chunk without end": CHUNKED + b"\r\nffffffffffffffffff\r\n" + SMUGGLED,
        "a chunk that is longer than it says": CHUNKED + b"\r\n1\r\n" + SOUND + b"\r\n0\r\n\r\n" + SMUGGLED,
        "an extension that ends a line": CHUNKED + b"\r\n1;a\nb\r\n" + SMUGGLED,
        "a length in a trailer": CHUNKED + b"\r\n" + CHUNK[:-2] + b"Content-Length: 3\r\n\r\n" + SMUGGLED,
        "a path that is not ASCII": b"PUT /streams/\xff/record HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED,
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        "two hosts": HEAD + b"Host: y\r\nContent-Length: %d\r\n\r\n" % len(SOUND) + SOUND + SMUGGLED,
        "no host": REQUEST.replace(b"Host: x\r\n", b"") + SMUGGLED,
        "a tunnel": b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED,
    }.items(),
    ids=lambda item: item[0],
)
def test_what_two_servers_may_read_differently_nobody_reads(gateway: Gateway, request_bytes: tuple[str, bytes]) -> None:
    """One 400, and nothing of what stands behind it is a request."""
    assert statuses(gateway, request_bytes[1]) == [400]


@pytest.mark.parametrize(
    ("request_bytes", "answers"),
    [
        (REQUEST + LAST, [200, 200]),
        (CHUNKED + CLOSE + b"\r\n" + CHUNK, [200]),
        (CHUNKED + CLOSE + b"\r\n" + CHUNK.replace(b"\r\n", b";a=b\r\n", 1), [200]),
        (LAST + SMUGGLED, [200]),
        (
            HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(SOUND) + SOUND + LAST,
            [200, 200],
        ),
        (REQUEST * 200, [200]),
    ],
    ids=["pipelined", "chunks", "chunks with extensions", "more than the last", "offers HTTP/2", "pipelined too far"],
)
def test_what_is_unusual_but_clear_is_served(gateway: Gateway, request_bytes: bytes, answers: list[int]) -> None:
    """HTTP allows it; of a long pipeline the first are answered, and the rest is not begun."""
    assert statuses(gateway, request_bytes) == answers


@pytest.mark.parametrize("behind", [b"\0garbage\r\n\r\n", CHUNKED + b"\r\nZZ\r\n", HEAD + b"Content-Length: x\r\n\r\n"])
def test_garbage_is_not_answered_in_the_place_of_a_request(place: Place, gateway: Gateway, behind: bytes) -> None:
    """A request that is in hand when nonsense follows has its own answer, and the nonsense none."""
    place.aws.set_faults(latency_ms=300)
    try:
        assert statuses(gateway, REQUEST + behind) == [200]
    finally:
        place.aws.set_faults()


def test_who_says_that_no_more_comes_is_answered(gateway: Gateway) -> None:
    """A client may close its side once it has sent its request, as some do; in the middle of a body that is its end."""
    for request, answers in ((REQUEST, [200]), (REQUEST[:-1], [])):
        with connect(gateway) as connection:
            connection.settimeout(20)
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)

            assert told(connection) == answers


def test_many_headers_are_431(gateway: Gateway) -> None:
    """As many as nobody sends."""
    assert statuses(gateway, HEAD + b"".join(b"A%d: b\r\n" % n for n in range(200)) + b"\r\n") == [431]


def test_an_early_answer_is_read_by_who_still_sends(gateway: Gateway) -> None:
    """A client that sends its body, of half a megabyte, after it was answered gets the answer, and no reset."""
    head = HEAD.replace(STREAM.encode(), b"none") + b"Content-Length: 500000\r\n\r\n"
    for _ in range(5):
        with connect(gateway) as connection:
            connection.sendall(head)
            connection.recv(1, socket.MSG_PEEK)
            for _ in range(50):
                connection.sendall(b"x" * 10_000)

            assert told(connection) == [404]


def memory_kib(gateway: Gateway) -> int:
    """What the process has resident."""
    text = Path(f"/proc/{gateway.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", text)[0])


def test_a_crowd_lets_good_clients_in(gateway: Gateway) -> None:
    """With more connections than there may be those that are silent for longest go, and requests are answered."""
    with ExitStack() as crowd:
        for n in range(2 * FILES):
            crowd.enter_context(connect(gateway))
            if n % 100 == 0:
                assert gateway.send(RECORD, SOUND)[0] == 200
        assert gateway.send(RECORD, SOUND)[0] == 200
        assert len(list(Path(f"/proc/{gateway.pid}/fd").iterdir())) < FILES


NOWHERE = HEAD.replace(STREAM.encode(), b"none")
FLOODS: dict[str, tuple[bytes, bytes]] = {  # what is sent first, and then again and again
    "nothing": (b"", b""),
    "slow heads": (HEAD, b"X: y\r\n"),
    "large heads": (HEAD + b"X: " + b"x" * 60_000, b"x"),
    "large second heads": (REQUEST + HEAD + b"X: " + b"x" * 60_000, b"x"),
    "slow bodies": (HEAD + b"Content-Length: 500000\r\n\r\n" + b"x" * 100_000, b"x"),
    "slow bodies of no stream": (NOWHERE + b"Content-Length: 99\r\n\r\n", b"x"),
    "pipelines": (REQUEST * 400, REQUEST * 400),
    "small pipelines": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n" * 3000, b""),
    "garbage": (b"\0" * 100_000, b"\0"),
}


@pytest.mark.prove
def test_floods_end_in_time_and_fill_no_memory(place: Place) -> None:
    """A hundred connections of each kind are closed within 30 s, while a good client has its answers."""
    with place.gateway(GATEWAY_DEADLINE="2") as gateway:
        for _ in range(50):
            assert gateway.send(RECORD, SOUND)[0] == 200
        before = memory_kib(gateway)
        over = threading.Event()
        took: list[float] = []
        good = threading.Thread(target=_be_good, args=(gateway, over, took))
        good.start()
        floods = [threading.Thread(target=_flood, args=(gateway, *sends)) for sends in FLOODS.values()]
        for flood in floods:
            flood.start()
        for flood in floods:
            flood.join(60)
            assert not flood.is_alive(), "a connection that brings nothing is kept"
        over.set()
        good.join(60)

        assert len(took) > 10
        assert max(took) < 20
        assert memory_kib(gateway) - before < 200 * MIB
        eventually(lambda: gateway.metric("in_hand_bytes") == 0)


def _be_good(gateway: Gateway, over: threading.Event, took: list[float]) -> None:
    while not over.wait(0.05):
        begun = time.monotonic()
        assert gateway.send(RECORD, SOUND)[0] == 200
        took.append(time.monotonic() - begun)


def _flood(gateway: Gateway, first: bytes, then: bytes) -> None:
    """Until all are closed."""
    connections = [connect(gateway) for _ in range(100)]
    for each in connections:
        each.setblocking(False)
    connections = [each for each in connections if _goes_on(each, first)]
    while connections:
        time.sleep(0.2)
        connections = [each for each in connections if _goes_on(each, then)]


def _goes_on(connection: socket.socket, data: bytes) -> bool:
    try:
        if data:
            connection.send(data)
    except BlockingIOError:
        pass
    except OSError:
        connection.close()
        return False
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    connection.close()
    return False


@pytest.mark.prove
def test_whoever_does_not_shake_hands_is_not_kept(place: Place, tmp_path: Path) -> None:
    """At a door that speaks TLS a client that says nothing, or half of a greeting, is cut off in time."""
    cert = str(self_signed(tmp_path, LOOPBACK))
    with (
        place.gateway(GATEWAY_TLS_CERT=cert, GATEWAY_TLS_KEY=cert) as gateway,
        connect(gateway) as silent,
        connect(gateway) as half,
    ):
        half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        begun = time.monotonic()

        assert told(silent) == told(half) == []
        assert time.monotonic() - begun < 30
