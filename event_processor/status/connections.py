"""The sockets of the metrics port: one thread and one selector for all clients, silent ones included."""

import contextlib
import errno
import resource
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum, auto
from http import HTTPStatus
from typing import Final

import structlog

from event_processor.status.http_messages import MORE, Answer, More, NotHttp, Request, RequestReader

_MOST_CLIENTS: Final = 256
_SHARE_OF_DESCRIPTORS: Final = 4  # a quarter at most: the others are for AWS, logs and rejects
CLIENT_SECONDS: Final = 10.0  # for each of: send a request, wait for its answer, take it
_LINGER_SECONDS: Final = 2.0
_SWEEP_SECONDS: Final = 1.0
# Whoever knocks while a turn rests is answered in the next, together: at 200 a second 20 ms halve what each costs. At
# 80 us each a flood of any size takes an eighth of a core, and a backlog of 1,024 is taken within a second.
_TURN_SECONDS: Final = 0.02
_ACCEPTS_A_TURN: Final = 32
_READ_BYTES: Final = 16 * 1024
_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_DESCRIPTOR_SECONDS: Final = 0.1

_log = structlog.get_logger("event_processor")

Respond = Callable[[Request], "Answer | Future[Answer] | More"]


class _Doing(Enum):
    READING = auto()
    WAITING = auto()
    WRITING = auto()
    LINGERING = auto()  # answered; reads what the client still sends, as closing on it would take the answer away


class _Client:
    __slots__ = ("connection", "deadline", "doing", "events", "head_only", "outgoing", "reader", "request")

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline
        self.doing = _Doing.READING
        self.events = 0
        self.head_only = False
        self.outgoing = memoryview(b"")
        self.reader = RequestReader()
        self.request: Request | None = None  # whose body is still to come


class Connections:
    """Answers clients that connect to `listener`, one request a connection.

    The number of clients is limited: for a new one, the one that has been silent longest is closed.
    """

    def __init__(self, listener: socket.socket, respond: Respond, client_seconds: float = CLIENT_SECONDS) -> None:
        self._listener, self._respond, self._client_seconds = listener, respond, client_seconds
        self._most = min(_MOST_CLIENTS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE_OF_DESCRIPTORS)
        self._clients: dict[int, _Client] = {}  # by descriptor, the oldest first
        self._selector = selectors.DefaultSelector()
        self._finished: deque[tuple[_Client, Answer]] = deque()
        self._wakes, self._waker = socket.socketpair()
        self._sweep_at = time.monotonic()
        self._told: set[str] = set()
        for each in (listener, self._wakes, self._waker):
            each.setblocking(False)
            if each is not self._waker:
                self._selector.register(each, selectors.EVENT_READ)

    @property
    def clients(self) -> int:
        """How many there are."""
        return len(self._clients)

    def run(self) -> None:
        """Answer for ever."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Wait until there is something to do, and do it."""
        for key, _ in self._selector.select(_SWEEP_SECONDS if self._clients else None):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wakes:
                self._send_finished()
            elif key.data.connection.fileno() >= 0:  # else closed earlier in this turn
                self._go_on(key.data)
        if time.monotonic() >= self._sweep_at:
            self._sweep()
        time.sleep(_TURN_SECONDS)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_DESCRIPTORS:
                    self._make_room()
                    time.sleep(_NO_DESCRIPTOR_SECONDS)
                return  # else the client went away while it waited
            if len(self._clients) >= self._most:
                self._make_room()
            connection.setblocking(False)
            client = _Client(connection, time.monotonic() + self._client_seconds)
            self._clients[connection.fileno()] = client
            self._go_on(client)  # mostly its request is here already

    def _make_room(self) -> None:
        """Close the client that has been silent longest; if all are being answered, the oldest."""
        silent = (c for c in self._clients.values() if c.doing in {_Doing.READING, _Doing.LINGERING})
        if oldest := next(silent, next(iter(self._clients.values()), None)):
            self._close(oldest)

    def _go_on(self, client: _Client) -> None:
        try:
            match client.doing:
                case _Doing.READING:
                    self._read(client)
                case _Doing.WRITING:
                    self._write(client)
                case _Doing.LINGERING:
                    if not client.connection.recv(_READ_BYTES):
                        self._close(client)
        except BlockingIOError:
            self._await(client, selectors.EVENT_WRITE if client.doing is _Doing.WRITING else selectors.EVENT_READ)
        except OSError:  # it has gone
            self._close(client)
        except Exception as error:  # noqa: BLE001 - one request that meets a bug must not end the answers to all others
            self._close(client)
            self._tell(type(error).__name__)

    def _read(self, client: _Client) -> None:
        received = client.connection.recv(_READ_BYTES)
        if not received:
            self._close(client)
            return
        try:
            answer = self._responded(client, received)
        except NotHttp as error:
            self._answer(client, error.answer)
            return
        if isinstance(answer, More):
            self._await(client, selectors.EVENT_READ)
            return
        if isinstance(answer, Answer):
            self._answer(client, answer)
            return
        self._next(client, _Doing.WAITING)
        self._await(client, 0)
        answer.add_done_callback(lambda made: self._finish(client, made.result()))

    def _responded(self, client: _Client, received: bytes) -> "Answer | Future[Answer] | More":
        """MORE until enough of the request is there. Raises NotHttp."""
        if client.request is None:
            request = client.reader.read(received)
            if request is None:
                return MORE
            client.head_only = request.method == "HEAD"
            answer = self._respond(request)
            if not isinstance(answer, More):
                return answer
            client.request, received = request, b""
        whole = client.reader.with_body(client.request, received)
        return MORE if whole is None else self._respond(whole)

    def _finish(self, client: _Client, answer: Answer) -> None:
        """Called in the thread that made it."""
        self._finished.append((client, answer))
        with contextlib.suppress(BlockingIOError):  # so many wakes are waiting already that one more says nothing
            self._waker.send(b"\0")

    def _send_finished(self) -> None:
        self._wakes.recv(_READ_BYTES)
        while self._finished:
            client, answer = self._finished.popleft()
            if client.doing is _Doing.WAITING and client.connection.fileno() >= 0:
                self._answer(client, answer)

    def _answer(self, client: _Client, answer: Answer) -> None:
        client.outgoing = memoryview(answer.as_bytes(head_only=client.head_only))
        self._next(client, _Doing.WRITING)
        self._go_on(client)

    def _write(self, client: _Client) -> None:
        while client.outgoing:
            client.outgoing = client.outgoing[client.connection.send(client.outgoing) :]
        if not client.reader.more_may_come:
            self._close(client)
            return
        client.connection.shutdown(socket.SHUT_WR)
        self._next(client, _Doing.LINGERING)
        client.deadline = time.monotonic() + _LINGER_SECONDS
        self._await(client, selectors.EVENT_READ)

    def _next(self, client: _Client, doing: _Doing) -> None:
        client.doing, client.deadline = doing, time.monotonic() + self._client_seconds

    def _await(self, client: _Client, events: int) -> None:
        if client.events == events:
            return
        if not events:
            self._selector.unregister(client.connection)
        elif client.events:
            self._selector.modify(client.connection, events, client)
        else:
            self._selector.register(client.connection, events, client)
        client.events = events

    def _sweep(self) -> None:
        now = time.monotonic()
        self._sweep_at = now + _SWEEP_SECONDS
        for client in [client for client in self._clients.values() if client.deadline <= now]:
            if client.doing is _Doing.READING:
                self._answer(client, NotHttp(HTTPStatus.REQUEST_TIMEOUT).answer)
            else:
                self._close(client)

    def _tell(self, error: str) -> None:
        """Once for each kind: probes come again every few seconds."""
        if error not in self._told:
            self._told.add(error)
            _log.error("bug: a request on the metrics port could not be answered", error=error)

    def _close(self, client: _Client) -> None:
        if client.connection.fileno() < 0:
            return
        self._await(client, 0)
        del self._clients[client.connection.fileno()]
        client.connection.close()
