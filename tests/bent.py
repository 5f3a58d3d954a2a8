"""A server that sends a malformed answer, and the real one after it on the same connection."""

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Final, NamedTuple


class Request(NamedTuple):
    """One as it came: `operation` is the last word of X-Amz-Target; names of headers in lower case."""

    operation: str
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """What is sent at once, and what follows when the next request comes over this connection, or after some time.

    `seconds` is how long to wait for that request; `closes` ends the connection instead.
    """

    now: bytes
    late: bytes = b""
    seconds: float = 0.0
    closes: bool = False


Answering = Callable[[Request], Reply]


def plain(body: bytes, status: str = "200 OK") -> bytes:
    """A sound answer."""
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


def _chunked(body: bytes, end: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b%b" % (len(body), body, end)


def _headed(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"", b""]) + body


HTML: Final = b"<html>log in</html>"
BENT: Final[dict[str, Callable[[bytes], bytes]]] = {
    "100": lambda _: b"HTTP/1.1 100 Continue\r\n\r\n",
    "102": lambda _: b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": lambda _: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    "101": lambda _: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "204": lambda _: b"HTTP/1.1 204 No Content\r\n\r\n",
    "205": lambda _: b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
    "202": lambda body: plain(body, "202 Accepted"),
    "304": lambda _: b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "307": lambda _: b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "empty": lambda _: plain(b""),
    "HTML": lambda _: plain(HTML),
    "a list": lambda _: plain(b"[]"),
    "null": lambda _: plain(b"null"),
    "no UTF-8": lambda _: plain(b"\xff\xfe"),
    "error without a name": lambda _: plain(b"{}", "500 Internal Server Error"),
    "error with a page": lambda _: plain(HTML, "503 Service Unavailable"),
    "error with a number for a name": lambda _: plain(b'{"__type":1}', "400 Bad Request"),
    "length too small": lambda body: _headed(body, b"Content-Length: %d" % (len(body) - 1)),
    "length of the start": lambda body: _headed(body, b"Content-Length: 2"),
    "two lengths": lambda body: _headed(body, b"Content-Length: %d" % len(body), b"Content-Length: 2"),
    "two lengths in one": lambda body: _headed(body, b"Content-Length: %d, 2" % len(body)),
    "negative length": lambda body: _headed(body, b"Content-Length: -1"),
    "length and chunks": lambda body: _headed(body, b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"),
    "garbage in a chunk's length": lambda body: _headed(b"zz\r\n" + body, b"Transfer-Encoding: chunked"),
    "chunk longer than its length": lambda body: _chunked(body, b"more\r\n0\r\n\r\n"),
    "surplus": lambda body: plain(body) + b"x",
    "twice": lambda body: plain(body) + plain(body),
    "no HTTP": lambda _: b"+PONG\r\n\r\n",
    "another protocol": lambda body: b"RTSP/1.1" + plain(body)[8:],
    "line breaks before": lambda body: b"\r\n" + plain(body),
    "header without a colon": lambda body: _headed(body, b"Content-Length %d" % len(body)),
    "head without end": lambda body: _headed(body, *[b"A: b"] * 50_000, b"Content-Length: %d" % len(body)),
    "one header without end": lambda body: _headed(body, b"A: " + b"b" * 200_000, b"Content-Length: %d" % len(body)),
    "trailers without end": lambda body: _chunked(body, b"\r\n0\r\n" + b"A: b\r\n" * 50_000 + b"\r\n"),
    "chunks of two bytes": lambda body: _headed(
        b"2\r\n  \r\n" * 50_000 + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), b"Transfer-Encoding: chunked"
    ),
    "folded header": lambda body: _headed(body, b"A: b", b" c", b"Content-Length: %d" % len(body)),
}
"""Ways of not answering with exactly one complete, final answer in AWS JSON, from the body of the real one."""

CUT: Final[dict[str, Callable[[bytes], bytes]]] = {
    "nothing": lambda _: b"",
    "half a head": lambda _: b"HTTP/1.1 200 OK\r\nContent-",
    "half a body": lambda body: plain(body)[:-1],
    "half a chunk": lambda body: _chunked(body, b"")[:-1],
    "no last chunk": lambda body: _chunked(body, b"\r\n"),
    "half an error": lambda _: plain(b'{"__type":"InternalFailure","message":""}', "500 Internal Server Error")[:-4],
    "half without a length": lambda body: _headed(body[:-1]),
}
"""Answers that end before their end, with the connection."""


class Bender(ThreadingTCPServer):
    """Answers each request as told; `connections` counts how many were opened."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.connections = 0
        super().__init__(("127.0.0.1", 0), _Connection)

    @property
    def endpoint(self) -> str:
        """As a URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Connection(StreamRequestHandler):
    server: Bender

    def handle(self) -> None:
        self.server.connections += 1
        try:
            while (request := self._read()) is not None and self._answer(self.server.answering(request)):
                pass
        except OSError:
            pass  # the client has closed it, as it should

    def _read(self) -> Request | None:
        lines = list(iter(lambda: self.rfile.readline().decode("latin-1").rstrip("\r\n"), ""))
        if not lines:
            return None
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(headers.get("x-amz-target", "").rpartition(".")[2], headers, body)

    def _answer(self, reply: Reply) -> bool:
        self.wfile.write(reply.now)
        if reply.late:
            select.select([self.connection], [], [], reply.seconds)
            self.wfile.write(reply.late)
        return not reply.closes


@contextmanager
def bending(answering: Answering) -> Iterator[Bender]:
    """A running one."""
    with Bender(answering) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
