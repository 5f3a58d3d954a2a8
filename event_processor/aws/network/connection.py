"""urllib3's connections, sending a request in one piece and reading its answer with a parser in C.

urllib3 still opens and closes them, verifies certificates, talks to proxies, keeps the pool and the timeouts. What it
does beyond that, header by header and for streams and redirects, costs more than all the rest of a small call.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ReadTimeoutError

from event_processor.aws.network.reply import Reply, read_reply

_PIECE: Final = 256 * 1024
_WHOLE: Final = 4  # times the longest wait for any part of it is the most that one exchange may take


class _InOnePiece(HTTPConnection):
    def __init__(self, *args: Any, answer_seconds: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answer_seconds = answer_seconds
        self._deadline = 0.0

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_options: Any) -> None:
        """Send it, over a new connection if there is none. Only connecting is bound by the connect timeout."""
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self._answer_seconds)
        self._deadline = time.monotonic() + _WHOLE * self._answer_seconds
        try:
            self._send_all(_head(method, url, headers, len(body)) + body)
        except TimeoutError as error:
            raise ReadTimeoutError(self, url, f"timed out while sending: {error}") from error  # type: ignore[arg-type]

    def getresponse(self) -> Reply:  # type: ignore[override]  # what the pool needs of a response, Reply has
        """The answer, read to its end."""
        reply = read_reply(self.sock, f"{self.host}:{self.port}", self._deadline)
        if reply.is_last:
            self.close()
        return reply

    def _send_all(self, request: bytes) -> None:
        """As long as some of it gets through: `sendall` would want all of it within one timeout."""
        left = memoryview(request)
        while left:
            left = left[self.sock.send(left[:_PIECE]) :]
            if left and time.monotonic() > self._deadline:
                raise TimeoutError(f"{len(left)} bytes are not sent yet")


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


class _HttpsPool(_HttpPool, HTTPSConnectionPool):
    ConnectionCls = _HttpsInOnePiece  # type: ignore[assignment]


POOLS: Final[dict[str, type]] = {"http": _HttpPool, "https": _HttpsPool}
"""For PoolManager.pool_classes_by_scheme."""
