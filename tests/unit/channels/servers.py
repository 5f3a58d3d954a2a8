"""Servers that do to a channel what Slack and its kin do on their bad days."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Reply:
    """What the server answers: a status with headers and a body, or raw bytes, or nothing until it is closed."""

    def __init__(self, status: int = 200, body: bytes = b"ok", raw: bytes | None = None, **headers: str) -> None:
        self.status, self.body, self.raw, self.headers = status, body, raw, headers


HANG = Reply(0)
DRIP = Reply(1)  # a byte now and then, for ever
LATE_BODY = Reply(2)  # status and headers first, the body when they have long arrived


class Server:
    """On loopback; remembers what it got, and when."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = replies
        self.moments: list[float] = []
        self.documents: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """Of a webhook, whose path is a secret."""
        return f"http://127.0.0.1:{self.port}/services/T0/SECRET?token=SECRET2"

    @property
    def messages(self) -> list[tuple[float, dict[str, Any]]]:
        """When it got what."""
        return list(zip(self.moments, self.documents, strict=False))  # one may be on its way

    def saying(self, *words: str) -> list[str]:
        """The messages that have all of these words."""
        texts = [json.dumps(message, ensure_ascii=False) for _, message in self.messages]
        return [text for text in texts if all(word in text for word in words)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, server: Server, *args: Any) -> None:
        self._server = server
        super().__init__(*args)

    def do_POST(self) -> None:
        number = len(self._server.documents)
        self._server.headers.append(dict(self.headers))
        self._server.documents.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._server.moments.append(time.monotonic())
        self.close_connection = True
        self._answer(self._server.replies[min(number, len(self._server.replies) - 1)])

    def _answer(self, reply: Reply) -> None:
        if reply is HANG:
            self._server.closing.wait()
        elif reply is DRIP:
            self._drip()
        elif reply is LATE_BODY:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
            self._server.closing.wait(0.2)
            self.wfile.write(b"ok")
        elif reply.raw is not None:
            self.wfile.write(reply.raw)
        else:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

    def _drip(self) -> None:
        with suppress(OSError):  # the channel has hung up, as it should
            while not self._server.closing.wait(0.02):
                self.wfile.write(b"H")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
        """Nothing: the documents are remembered."""


@contextmanager
def serving(*replies: Reply) -> Iterator[Server]:
    """Answers with these, one after the other, the last for ever; without any, takes everything."""
    server = Server(*(replies or [Reply()]))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, server)) as http:
        http.daemon_threads = True
        server.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            http.shutdown()
