"""Whoever is ended at a fixed time makes no call that lasts longer, whatever the other side does. Both transports."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from math import inf
from typing import Final

import pytest

from event_processor.aws import clients
from event_processor.aws.calls import Calls
from event_processor.aws.credentials import CredentialsUnavailable, PatientCredentials
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.network.time_limit import calls_end_by, seconds_left
from event_processor.errors import CallFailed
from event_processor.publishing.stream import Record
from event_processor.testing import RecordingObserver
from local_aws import Faults
from tests.contract import backends

pytestmark = pytest.mark.usefixtures("transport")

LIMIT_SECONDS: Final = 1.0
AMPLE_SECONDS: Final = 4.5  # the shortest of their own timeouts, of a connect, is 5 s
SMALL: Final = [Record("key", b"{}", "new_process", 0)]
LARGE: Final = [Record("key", b"x" * 1_000_000, "new_process", place) for place in range(9)]


@contextmanager
def serving(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """The endpoint of a server that does this with each connection, until the event is set."""
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.enter_context(connection)
            threading.Thread(target=serve, args=(connection, over), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as connections:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        over.set()


def says_nothing(connection: socket.socket, over: threading.Event) -> None:
    """Reads, and does not answer."""
    connection.settimeout(0.1)
    while not over.is_set():
        try:
            connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return


def reads_nothing(_connection: socket.socket, over: threading.Event) -> None:
    """Leaves the request where it is."""
    over.wait()


def goes_on(connection: socket.socket, over: threading.Event, start: bytes, more: bytes, pause_seconds: float) -> None:
    """Answers for ever."""
    connection.recv(65536)
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + start)
        while not over.wait(pause_seconds):
            connection.sendall(more)


def trickles(connection: socket.socket, over: threading.Event) -> None:
    """Answers with one byte after the other."""
    goes_on(connection, over, b"x-long: ", b"x", 0.05)


def streams(connection: socket.socket, over: threading.Event) -> None:
    """Answers with header after header."""
    goes_on(connection, over, b"", b"x: y\r\n", 0.01)


def falls_silent(connection: socket.socket, over: threading.Event) -> None:
    """Answers a little late, and no more then."""
    connection.recv(65536)
    if not over.wait(0.8 * AMPLE_SECONDS):
        connection.sendall(b"HTTP/1.1 200 OK\r\nx-long: ")
        over.wait()


@contextmanager
def full() -> Iterator[str]:
    """The endpoint of a server that takes no more connections: the kernel lets those who try wait."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        for _ in range(4):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def put_within(endpoint: str, records: list[Record], seconds: float) -> tuple[CallFailed, float, list[str]]:
    """How a put fails that has so long, how long that took, and the operations of the calls that were made."""
    observer = RecordingObserver()
    sink = KinesisSink(backends.clients(endpoint).stream(pool=1), "events", observer)
    start = time.monotonic()
    with pytest.raises(CallFailed) as failure, calls_end_by(start + seconds):
        sink.put(records)
    return failure.value, time.monotonic() - start, [operation for operation, _ in observer.of("called")]


@pytest.mark.parametrize(
    ("server", "records"),
    [
        (lambda: serving(says_nothing), SMALL),
        (lambda: serving(reads_nothing), LARGE),
        (lambda: serving(trickles), SMALL),
        (full, SMALL),
    ],
    ids=["silence", "unread", "trickle", "no-connection"],
)
def test_a_call_that_hangs_ends_in_time(
    server: Callable[[], AbstractContextManager[str]], records: list[Record]
) -> None:
    """It fails as if its own timeout had run out."""
    with server() as endpoint:
        failure, seconds, _ = put_within(endpoint, records, LIMIT_SECONDS)

    assert failure.code in {"ReadTimeoutError", "ConnectTimeoutError"}
    assert 0.5 * LIMIT_SECONDS < seconds < AMPLE_SECONDS


def test_what_comes_late_gives_no_more_time() -> None:
    """An answer that begins just before time is up, and does not end, is not waited for any longer."""
    with serving(falls_silent) as endpoint:
        _, seconds, _ = put_within(endpoint, SMALL, AMPLE_SECONDS)

    assert AMPLE_SECONDS - 0.5 < seconds < 1.5 * AMPLE_SECONDS


def test_a_name_that_is_resolved_late_is_not_resolved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system takes its time for it, and can be asked once too often."""
    asked: list[str] = []

    def late(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        time.sleep(2 * LIMIT_SECONDS)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", late)
    failure, _, _ = put_within("http://kinesis.invalid", SMALL, LIMIT_SECONDS)

    assert (asked, failure.code) == (["kinesis.invalid"], "ConnectTimeoutError")


def test_credentials_are_not_waited_for_when_time_is_up() -> None:
    """Those that come late cost a call no more time than there is."""
    over = threading.Event()

    def late() -> None:
        over.wait()

    start = time.monotonic()
    with pytest.raises(CredentialsUnavailable), calls_end_by(start + LIMIT_SECONDS):
        PatientCredentials(late, None, patience_seconds=60).get_frozen_credentials()
    over.set()

    assert 0.5 * LIMIT_SECONDS < time.monotonic() - start < 30


def test_a_call_is_not_tried_again_when_time_is_up() -> None:
    """A pause and another call would be too late."""
    with backends.local(Faults(fail_call=1, fail_codes=("InternalFailure",))) as endpoint:
        _, _, once = put_within(endpoint, SMALL, 0.9)
        _, _, often = put_within(endpoint, SMALL, 600)

    assert (len(once), len(often)) == (1, 5)


def test_no_call_is_sent_when_time_is_up() -> None:
    """Not even over a connection that is open already; nothing can have taken effect then."""
    with backends.local() as endpoint:
        sink = KinesisSink(backends.clients(endpoint).stream(pool=1), "nowhere", RecordingObserver())
        with pytest.raises(CallFailed, match="ResourceNotFound"):
            sink.put(SMALL)
        with pytest.raises(CallFailed) as failure, calls_end_by(time.monotonic()):
            sink.put(SMALL)
        with pytest.raises(CallFailed, match="ResourceNotFound"):
            sink.put(SMALL)

    assert failure.value.code == "ConnectTimeoutError"
    assert not failure.value.may_be_done


def test_the_limit_is_that_of_the_innermost_block_and_of_this_thread() -> None:
    """Outside there is none, and other threads never have it."""
    others: list[float] = []
    with calls_end_by(time.monotonic() + 100):
        with calls_end_by(time.monotonic() + 10):
            assert 0 < seconds_left() <= 10
            thread = threading.Thread(target=lambda: others.append(seconds_left()))
            thread.start()
            thread.join()
        assert 10 < seconds_left() <= 100

    assert [seconds_left(), *others] == [inf, inf]


def test_a_connection_idle_for_long_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other side may have forgotten it without a word, as happens to a process that was frozen."""
    silent = threading.Event()

    def forgets(connection: socket.socket, over: threading.Event) -> None:
        while not over.is_set():
            if not (connection.recv(65536)):
                return
            if silent.is_set() and connection in known:
                over.wait()
                return
            known.append(connection)
            body = b'{"Records": [{"ShardId": "s", "SequenceNumber": "1"}]}'
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    known: list[socket.socket] = []
    with serving(forgets) as endpoint:
        sink = KinesisSink(backends.clients(endpoint).stream(pool=1), "events", RecordingObserver())
        sink.put(SMALL)
        sink.put(SMALL)
        assert known[0] is known[1], "a connection that was used just now is used again"

        silent.set()
        an_hour_later = time.time() + 3600
        monkeypatch.setattr(time, "time", lambda: an_hour_later)
        with calls_end_by(time.monotonic() + AMPLE_SECONDS):
            sink.put(SMALL)

    assert known[2] is not known[0]


@pytest.mark.parametrize("proxy", [trickles, streams])
@pytest.mark.parametrize("limit_seconds", [0.5, inf])
def test_a_proxy_that_does_not_come_to_the_point(
    monkeypatch: pytest.MonkeyPatch, proxy: Callable[[socket.socket, threading.Event], None], limit_seconds: float
) -> None:
    """One that answers CONNECT for ever is waited for no longer than another server, with a time limit or without."""
    monkeypatch.setattr(clients, "_CONNECT_SECONDS", 0.5)
    with serving(proxy) as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        queue = backends.clients("https://queue.test").queue(pool=1)
        start = time.monotonic()
        with pytest.raises(CallFailed), calls_end_by(start + limit_seconds):
            Calls(RecordingObserver(), attempts=1).make("receive", lambda: queue.receive_message(QueueUrl="u"))

    assert time.monotonic() - start < 10
