"""urllib3's connections, sending a request in one piece and reading its answer with a parser in C.

urllib3 still opens and closes them, verifies certificates, talks to proxies, keeps the pool and the timeouts. What it
does beyond that, header by header and for streams and redirects, costs more than all the rest of a small call.
"""

import socket
import time
from collections.abc import Mapping
from math import isinf
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, ReadTimeoutError

from event_processor.aws.network.reply import Reply, read_reply
from event_processor.aws.network.time_limit import leave_until, seconds_left

_PIECE: Final = 256 * 1024
_WHOLE: Final = 4  # times the longest wait for any part of it is the most that one exchange may take
_MOST_IDLE_SECONDS: Final = 20.0  # AWS closes what is idle longer; a frozen process does not hear of it


class _InOnePiece(HTTPConnection):
    def __init__(self, *args: Any, answer_seconds: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answer_seconds = answer_seconds
        self._deadline = 0.0
        self.used_at = 0.0

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_options: Any) -> None:
        """Send it, over a new connection if there is none. Only connecting is bound by the connect timeout."""
        if self.sock is None:
            self.connect()
        left_seconds = seconds_left()
        if left_seconds <= 0:
            raise ConnectTimeoutError(self, "no time is left for a call")
        self.sock.settimeout(min(self._answer_seconds, left_seconds))
        self._deadline = time.monotonic() + min(_WHOLE * self._answer_seconds, left_seconds)
        try:
            self._send_all(_head(method, url, headers, len(body)) + body)
        except TimeoutError as error:
            raise ReadTimeoutError(self, url, f"timed out while sending: {error}") from error  # type: ignore[arg-type]

    def getresponse(self) -> Reply:  # type: ignore[override]  # what the pool needs of a response, Reply has
        """The answer, read to its end."""
        self.sock.settimeout(max(0.001, min(self._answer_seconds, self._deadline - time.monotonic())))
        reply = read_reply(self.sock, f"{self.host}:{self.port}", self._deadline)
        self.used_at = time.time()
        if reply.is_last:
            self.close()
        return reply

    def connect(self) -> None:
        """See urllib3, which gives each address of a host the whole timeout."""
        left_seconds, usual = seconds_left(), self.timeout
        if not isinf(left_seconds):
            share_seconds = max(left_seconds, 0.001) / _addresses(self._dns_host, self.port)
            self.timeout = min(usual or share_seconds, share_seconds)
        try:
            super().connect()
        finally:
            self.timeout = usual

    def _send_all(self, request: bytes) -> None:
        """As long as some of it gets through: `sendall` would want all of it within one timeout."""
        left = memoryview(request)
        while left:
            left = left[self.sock.send(left[:_PIECE]) :]
            if left and not leave_until(self._deadline, self.sock):
                raise TimeoutError(f"{len(left)} bytes are not sent yet")


def _addresses(host: str, port: int) -> int:
    try:
        return len(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except OSError:
        return 1  # connecting will say what is wrong


def _head(method: str, url: str, headers: Mapping[str, str], body_bytes: int) -> bytes:
    lines = [f"{method} {url} HTTP/1.1", *[f"{name}: {value}" for name, value in headers.items()]]
    head = "\r\n".join([*lines, f"content-length: {body_bytes}", "", ""])
    if head.count("\n") != len(lines) + 2:
        raise ValueError("a line break inside a header: look at the credentials")
    return head.encode("latin-1")


class _HttpsInOnePiece(_InOnePiece, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _InOnePiece  # type: ignore[assignment]  # its getresponse makes a Reply

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn_kw["answer_seconds"] = self.timeout.read_timeout

    def _get_conn(self, timeout: float | None = None) -> Any:
        """As urllib3, but one idle for long is opened anew. By the wall clock: the other may be frozen, too."""
        connection: Any = super()._get_conn(timeout)
        if connection.sock is not None and time.time() - connection.used_at > _MOST_IDLE_SECONDS:
            connection.close()
        return connection


class _HttpsPool(_HttpPool, HTTPSConnectionPool):
    ConnectionCls = _HttpsInOnePiece  # type: ignore[assignment]


POOLS: Final[dict[str, type]] = {"http": _HttpPool, "https": _HttpsPool}
"""For PoolManager.pool_classes_by_scheme."""
