"""urllib3's connections, sending a request in one piece and reading its answer with a parser in C.

urllib3 still opens and closes them, verifies certificates, talks to proxies and keeps the pool. What it does beyond
that, header by header and for retries, streams and redirects, costs more than all the rest of a small call.
"""

import socket
import time
from contextlib import suppress
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from math import inf, isinf
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, ProxyError

from event_processor.aws.network.reply import Reply, read_reply
from event_processor.aws.network.time_limit import leave_until, seconds_left

_PIECE: Final = 256 * 1024
_WHOLE: Final = 4  # times the longest wait for any part of it is the most that one exchange may take
_MOST_IDLE_SECONDS: Final = 20.0  # AWS closes what is idle longer; a frozen process does not hear of it


class _Bounded(RawIOBase):
    """What comes over a connection, for so long in all as the socket's timeout and the limit of the thread allow."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._deadline = time.monotonic() + min(_WHOLE * (sock.gettimeout() or inf), seconds_left())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not leave_until(self._deadline, self._sock):
            raise TimeoutError("timed out: the proxy's answer to CONNECT did not end")
        return self._sock.recv_into(buffer)


class _TunnelAnswer(HTTPResponse):
    """A proxy's answer to CONNECT, which http.client would read for ever if it came byte by byte."""

    def __init__(self, sock: socket.socket, **details: Any) -> None:
        super().__init__(sock, **details)
        self.fp.close()
        self.fp = BufferedReader(_Bounded(sock))


class _InOnePiece(HTTPConnection):
    response_class = _TunnelAnswer  # asked for by http.client's tunnel only: see `exchange`
    used_at = 0.0

    def exchange(self, request: bytes, answer_seconds: float) -> Reply:
        """Send it over this open connection, and read the answer to its end."""
        left_seconds = seconds_left()
        if left_seconds <= 0:
            raise ConnectTimeoutError(self, "no time is left for a call")
        deadline = time.monotonic() + min(_WHOLE * answer_seconds, left_seconds)
        self._wait_at_most(answer_seconds)
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it closed the connection
            self._send_all(request, deadline)
        if not leave_until(deadline, self.sock):
            raise TimeoutError("timed out: no time is left for the answer")
        reply = read_reply(self.sock, f"{self.host}:{self.port}", deadline)
        self.used_at = time.time()
        if reply.is_last:
            self.close()
        return reply

    def connect(self) -> None:
        """See urllib3, which gives each address of a host the whole timeout."""
        usual = self.timeout
        if not isinf(seconds_left()):
            addresses = _addresses(self._dns_host, self.port)
            if (left_seconds := seconds_left()) <= 0:
                raise ConnectTimeoutError(self, "no time is left to connect")
            share_seconds = left_seconds / addresses
            self.timeout = min(usual or share_seconds, share_seconds)
        try:
            super().connect()
        finally:
            self.timeout = usual

    def _wait_at_most(self, seconds: float) -> None:
        if self.sock.gettimeout() != seconds:  # to set it is a system call, for which other threads are let in
            self.sock.settimeout(seconds)

    def _send_all(self, request: bytes, deadline: float) -> None:
        """As long as some of it gets through: `sendall` would want all of it within one timeout."""
        left = memoryview(request)
        while left:
            left = left[self.sock.send(left[:_PIECE]) :]
            if left and not leave_until(deadline, self.sock):
                raise TimeoutError(f"timed out while sending: {len(left)} bytes are not sent yet")


def _addresses(host: str, port: int) -> int:
    try:
        return len(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except OSError:
        return 1  # connecting will say what is wrong


class _HttpsInOnePiece(_InOnePiece, HTTPSConnection):
    pass


class HttpPool(HTTPConnectionPool):
    """The connections to one host."""

    ConnectionCls = _InOnePiece

    def exchange(self, request: bytes) -> Reply:
        """The answer to it, which has its connection until it is released.

        Raises MalformedAnswer, exceptions of urllib3 and OSError, the connection closed.
        """
        connection: Any = self._get_conn()
        try:
            if connection.is_closed:
                self._open(connection)
            reply: Reply = connection.exchange(request, self.timeout.read_timeout)
        except BaseException as error:
            is_unproxied = connection.proxy is not None and not connection.has_connected_to_proxy
            connection.close()
            if is_unproxied and isinstance(error, Exception):
                raise ProxyError("no way through the proxy", error) from error
            raise
        reply.came_over(connection, self)
        return reply

    def take_back(self, connection: Any) -> None:
        """It is free for the next request, closed or not."""
        self._put_conn(connection)

    def _get_conn(self, timeout: float | None = None) -> Any:
        """As urllib3, but one idle for long is opened again. By the wall clock: the other may be frozen, too."""
        connection: Any = super()._get_conn(timeout)
        if connection.sock is not None and time.time() - connection.used_at > _MOST_IDLE_SECONDS:
            connection.close()
        return connection

    def _open(self, connection: Any) -> None:
        if self.proxy is not None and self.scheme == "https":
            self._prepare_proxy(connection)
        else:
            connection.connect()


class _HttpsPool(HttpPool, HTTPSConnectionPool):
    ConnectionCls = _HttpsInOnePiece


POOLS: Final[dict[str, type]] = {"http": HttpPool, "https": _HttpsPool}
"""For PoolManager.pool_classes_by_scheme."""
