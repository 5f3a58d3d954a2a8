"""Reads an answer: exactly one, complete, final and in AWS JSON; anything else is a MalformedAnswer.

llhttp (httptools) takes the HTTP apart: it tells interim answers from final ones, and two lengths from one, where
http.client is lenient (RFC 9112, 6.3; RFC 9110, 15.2).
"""

import socket
import ssl
from http.client import RemoteDisconnected
from typing import Any, Final

import orjson
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from urllib3.util.wait import wait_for_read

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.network.time_limit import leave_until

_PIECE: Final = 64 * 1024
_MOST_BYTES: Final = 100 * 1024 * 1024  # ten bodies of 1 MiB, each character escaped as six, are 60 MiB
_FRAME_BYTES: Final = 64 * 1024  # the most that is not body: head, sizes of chunks, trailers...
_BODY_PER_FRAME_BYTE: Final = 8  # ...and that much more of it for a long body; 512 bytes to a chunk are plenty


class Reply:
    """An answer, understood as far as HTTP and JSON go; the names of its headers are in lower case.

    Its connection goes back to the pool by `release`, and is closed by `drop`.
    """

    __slots__ = ("_connection", "_pool", "body", "document", "headers", "is_last", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes, document: dict[str, Any]) -> None:
        self.status, self.headers, self.body, self.document = status, headers, body, document
        self.is_last = False  # on its connection
        self._connection: Any = None
        self._pool: Any = None

    def came_over(self, connection: Any, pool: Any) -> None:
        """Nothing else goes over that connection until the answer is understood."""
        self._connection, self._pool = connection, pool

    def release(self) -> None:
        """The answer was understood: its connection goes back to the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.take_back(connection)

    def drop(self) -> None:
        """The answer was not understood: its connection is closed, since what comes later may be for another call."""
        if self._connection is not None:
            self._connection.close()
        self.release()


class _Message:
    """What llhttp tells of what it reads."""

    __slots__ = ("begun", "body_bytes", "has_head", "headers", "is_complete", "pieces", "size_bytes")

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.size_bytes = self.body_bytes = self.begun = 0
        self.has_head = self.is_complete = False

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        key, said = name.decode("latin-1").lower(), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {said}" if key in self.headers else said

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.body_bytes += len(piece)

    @property
    def is_out_of_bounds(self) -> bool:
        """Whether reading on would take memory or time that no answer of AWS is worth."""
        frame_bytes = self.size_bytes - self.body_bytes
        return self.size_bytes > _MOST_BYTES or frame_bytes > _FRAME_BYTES + self.body_bytes // _BODY_PER_FRAME_BYTE

    def on_message_complete(self) -> None:
        self.is_complete = True

    @property
    def ends_with_connection(self) -> bool:
        return self.has_head and not self.headers.keys() & {"content-length", "transfer-encoding"}


def read_reply(sock: socket.socket, endpoint: str, deadline: float) -> Reply:
    """The answer, read to its end, with JSON in it. The socket's timeout bounds each wait, `deadline` all of them.

    Raises MalformedAnswer, or OSError if the connection breaks before the end; either way it must be closed.
    """
    message = _Message()
    parser = HttpResponseParser(message)
    while not _is_over(parser, message, sock.recv(_PIECE), endpoint):
        if not leave_until(deadline, sock):
            raise TimeoutError("timed out: the answer did not end")
    status = _status(parser, message, endpoint)
    if _has_surplus(sock):
        raise MalformedAnswer(f"{endpoint} sent more than its answer")
    body = message.pieces[0] if len(message.pieces) == 1 else b"".join(message.pieces)
    message.pieces.clear()  # a read of a stream brings 14 MiB, and its document takes as much
    reply = Reply(status, message.headers, body, _document(status, body, endpoint))
    reply.is_last = message.ends_with_connection or not _stays_open(parser.get_http_version(), message.headers)
    return reply


def _is_over(parser: HttpResponseParser, message: _Message, piece: bytes, endpoint: str) -> bool:
    """With this piece, which is empty if the server has closed the connection."""
    if not piece:
        _end(message)
        return True
    if message.begun == 0 and piece[:1] != b"H":  # llhttp skips line breaks before an answer, and knows other protocols
        raise MalformedAnswer(f"{endpoint} answered with no HTTP")
    try:
        parser.feed_data(piece)
    except (HttpParserError, HttpParserUpgrade) as error:
        raise MalformedAnswer(f"{endpoint} answered with no HTTP that can be relied on: {error}") from error
    message.size_bytes += len(piece)
    if message.is_out_of_bounds:
        raise MalformedAnswer(
            f"{endpoint} answers without end: {message.size_bytes} bytes, {message.body_bytes} of body"
        )
    return message.is_complete


def _end(message: _Message) -> None:
    """The server has closed the connection: the answer's end only if nothing else says where that is."""
    if not message.begun:
        raise RemoteDisconnected("the connection was closed without an answer")
    if not message.ends_with_connection:
        raise ConnectionAbortedError("the connection was closed in the middle of an answer")


def _status(parser: HttpResponseParser, message: _Message, endpoint: str) -> int:
    """That of AWS JSON: 200, or an error. Interim answers, answers without a body and redirects are none of these."""
    status = int(parser.get_status_code())
    if message.begun > 1:
        raise MalformedAnswer(f"{endpoint} sent more than its answer, which is {status}")
    if status != 200 and status < 400:
        raise MalformedAnswer(f"{endpoint} answered {status}, which is neither 200 nor an error")
    if parser.get_http_version() not in {"1.1", "1.0"}:
        raise MalformedAnswer(f"{endpoint} answered in HTTP/{parser.get_http_version()}")
    if message.headers.get("transfer-encoding", "chunked").lower() != "chunked":
        raise MalformedAnswer(f"{endpoint} answered in an unknown Transfer-Encoding")
    return status


def _stays_open(version: str, headers: dict[str, str]) -> bool:
    """RFC 9112, 9.3; the parser's own word is gone when the answer is complete."""
    options = headers.get("connection", "").lower()
    return "close" not in options and (version == "1.1" or "keep-alive" in options)


def _has_surplus(sock: socket.socket) -> bool:
    """Whether bytes that nobody asked for are there. Over TLS only if decrypted: session tickets come at any time."""
    if isinstance(sock, ssl.SSLSocket):
        return sock.pending() > 0
    return bool(wait_for_read(sock, 0.0) and sock.recv(1, socket.MSG_PEEK))


def _document(status: int, body: bytes, endpoint: str) -> dict[str, Any]:
    """An object; of an error, one that has a name: `__type`. Calls that return nothing have no body at all."""
    if status == 200 and not body:
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise MalformedAnswer(f"{endpoint} answered {status} with no JSON object: {body[:60]!r}")
    if status != 200 and not _is_error(document):
        raise MalformedAnswer(f"{endpoint} answered {status} with no error of AWS: {body[:60]!r}")
    return document


def _is_error(document: dict[str, Any]) -> bool:
    kind, message = document.get("__type"), document.get("message", document.get("Message"))
    return isinstance(kind, str) and bool(kind) and (message is None or isinstance(message, str))
