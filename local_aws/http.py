"""HTTP/1.1 as far as AWS clients use it: keep-alive, Content-Length bodies, ``Expect: 100-continue``."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

from local_aws.http2 import PREFACE, Http2Refusal

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024
"""A PutRecords call of 10 MiB is 13.4 MiB as base64."""

_HEAD_END = b"\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; the connection adds Content-Length and keep-alive."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response | None]]
"""Answers a request; None drops the connection without an answer."""


class BadRequestError(Exception):
    """The bytes are not an HTTP request this server understands; the connection is closed after the answer."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def parse_head(head: bytes) -> tuple[Request, int]:
    """The request without its body, and the body's length in bytes. Raises BadRequestError."""
    request_line, *lines = head.decode("latin-1").split("\r\n")
    parts = request_line.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "malformed request line")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestError(HTTPStatus.BAD_REQUEST, "malformed header")
        headers[name.strip().lower()] = value.strip()
    return Request(parts[0], parts[1], headers), _body_length(headers)


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequestError(HTTPStatus.LENGTH_REQUIRED, "bodies need a Content-Length")
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "malformed Content-Length")
    # The count of digits first: Python refuses to convert thousands of them.
    if len(text) > 12 or int(text) > MAX_BODY_BYTES:
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {MAX_BODY_BYTES} bytes")
    return int(text)


class HttpConnection(asyncio.Protocol):
    """One client connection: reads requests, answers them one after the other, in order.

    A client that goes away cancels the call in work, so that a long poll of a killed consumer takes no message.
    """

    def __init__(self, handler: Handler, connections: set["HttpConnection"]) -> None:
        self._handler = handler
        self._connections = connections
        self._buffer = bytearray()
        self._head: tuple[Request, int] | None = None
        self._call: asyncio.Task[None] | None = None
        self._closed = False
        self._fresh = True  # nothing but the beginning of a first request has come in
        self._http2: Http2Refusal | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection. asyncio switches Nagle's algorithm off by itself."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Stop the work in hand for a client that has gone."""
        self._closed = True
        self._connections.discard(self)
        if self._call is not None:
            self._call.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes and start the next call when a whole request is here."""
        if self._http2 is not None:
            self._transport.write(self._http2.answer(data))
            return
        self._buffer += data
        if self._fresh and self._is_http2():
            return
        if self._call is None:
            self._start_next_call()

    def _is_http2(self) -> bool:
        """Whether the connection begins as HTTP/2 does, or may still turn out to."""
        begin = bytes(self._buffer[: len(PREFACE)])
        if not PREFACE.startswith(begin):
            self._fresh = False
            return False
        if begin == PREFACE:
            self._http2 = Http2Refusal()
            self._transport.write(self._http2.answer(bytes(self._buffer[len(PREFACE) :])))
            self._buffer.clear()
        return True

    def close(self) -> None:
        """Drop the connection at once."""
        self._transport.abort()

    def _start_next_call(self) -> None:
        try:
            request = self._take_request()
        except BadRequestError as error:
            self._closed = True
            self._write(Response(error.status, f"{error}\n".encode(), {"Connection": "close"}))
            self._transport.close()
            return
        if request is not None:
            self._call = asyncio.get_running_loop().create_task(self._answer(request))

    def _take_request(self) -> Request | None:
        if self._closed:
            return None
        if self._head is None:
            self._head = self._take_head()
        if self._head is None or len(self._buffer) < self._head[1]:
            return None
        request, length = self._head
        body = bytes(memoryview(self._buffer)[:length])
        del self._buffer[:length]
        self._head = None
        return Request(request.method, request.path, request.headers, body)

    def _take_head(self) -> tuple[Request, int] | None:
        end = self._buffer.find(_HEAD_END, 0, MAX_HEAD_BYTES)
        if end < 0:
            if len(self._buffer) >= MAX_HEAD_BYTES:
                raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the header is too long")
            return None
        request, length = parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + len(_HEAD_END)]
        if len(self._buffer) < length and request.headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return request, length

    async def _answer(self, request: Request) -> None:
        response = await self._handler(request)
        self._call = None
        if self._closed:
            return
        if response is None:
            self._reset()
            return
        self._write(response)
        if request.headers.get("connection", "").lower() == "close":
            self._transport.close()
        else:
            self._start_next_call()

    def _write(self, response: Response) -> None:
        headers = {"Content-Length": str(len(response.body)), **response.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        reason = HTTPStatus(response.status).phrase
        head = f"HTTP/1.1 {response.status} {reason}\r\n{lines}\r\n"
        self._transport.write(head.encode("latin-1") + response.body)

    def _reset(self) -> None:
        # With linger 0 the kernel sends RST: the client sees "connection reset by peer", as from a broken network.
        with contextlib.suppress(OSError):
            connection: socket.socket = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()
