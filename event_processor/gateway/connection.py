"""A client's connection, as uvicorn has it, with bounds to what a client can make us wait for, keep or misread."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from event_processor.gateway.crowd import Crowd

_HEAD_BYTES: Final = 64 * 1024
_MOST_HEADERS: Final = 100
_MOST_PIPELINED: Final = 16  # requests that wait for the answer to one before them
_LINGER_BYTES: Final = 1024 * 1024
_LINGER_SECONDS: Final = 2.0  # for a client to read an answer that came before its body was sent


class Connection(HttpToolsProtocol):
    """Tells the crowd what it waits for; and after what is not HTTP nothing is read, since it may be anything."""

    def __init__(self, crowd: Crowd, **more: Any) -> None:
        super().__init__(**more)
        self.waiting_bytes = 0
        self._crowd = crowd
        self._is_in_head, self._is_in_body, self._is_over = True, False, False
        self._head_bytes = self._held_bytes = 0
        self._refusal = HTTPStatus.BAD_REQUEST
        self._again = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head may begin."""
        super().connection_made(_Transport(transport, self))  # type: ignore[arg-type]
        self._crowd.join(self)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Some of a head or of a body."""
        if self._is_over:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES + _LINGER_BYTES:
                self.transport.abort()
            return
        self._unset_keepalive_if_required()
        if self._is_in_head:
            self._head_bytes += len(data)
        self._feed(data)
        if self._is_over:
            return
        if self._is_in_head:
            self._held_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES:
                self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                self._not_http()
        else:
            self._held_bytes = 0
        self._look()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client has closed its side, and may still read the answer to what it has sent (TLS cannot do that)."""
        is_running = self._latest is not None and not self._latest.response_complete
        if self.scheme != "http" or not is_running or self._is_in_head or self._is_in_body:
            return False
        self._end_after_answers()
        return True

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if not self._is_in_head:
            self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if len(self.headers) > _MOST_HEADERS or len(self.pipeline) >= _MOST_PIPELINED:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError("too much")  # ends the parsing, as what is not HTTP does
        if self._is_ambiguous():
            raise ValueError("for whom, or how long its body is")
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._again = self._head_without_upgrade()
            return
        super().on_headers_complete()
        self._is_in_head, self._is_in_body = False, True

    def on_message_complete(self) -> None:
        """The body is whole."""
        if self._again:
            return
        super().on_message_complete()
        self._is_in_body = False

    def on_response_complete(self) -> None:
        """It is answered, perhaps before its body was sent."""
        if self._is_over:
            self.transport.close()
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._is_over = True
        self._crowd.leave(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        """See Member."""
        self._is_over = True
        self.transport.abort()

    def closing(self) -> bool:
        """We close it: what still comes is of no interest, and what we wrote must be fetched soon.

        True if more may come of a request that is answered: to close at once would lose the answer (RFC 9112, 9.6).
        """
        self._is_over = True
        self._crowd.late(self)
        return self._is_in_body

    def _feed(self, data: bytes) -> None:
        while data and not self._is_over:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                if not self._again:
                    self._end_after_answers()
                    return
                self.parser = HttpRequestParser(self)
                data, self._again = self._again + data[upgrade.args[0] :], b""
            except HttpParserError:
                self._not_http()
            else:
                return

    def _is_ambiguous(self) -> bool:
        """What the parser lets pass: hosts and transfer codings that another reader may see otherwise (RFC 9112)."""
        hosts = codings = 0
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding" and value.lower() != b"chunked":
                codings += 1
        return hosts > 1 or codings > 0 or (not hosts and self.parser.get_http_version() == "1.1")

    def _head_without_upgrade(self) -> bytes:
        """To be read once more: the parser takes what is behind an upgrade for something else. We upgrade to nothing.

        curl and Java's HttpClient offer to speak HTTP/2 in this way.
        """
        first = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        lines = [b"%s: %s" % (name, value) for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([first, *lines, b"", b""])

    def _not_http(self) -> None:
        """Answer it, but never in the place of an earlier request, nor of one that has its answer."""
        is_running = self._latest is not None and not self._latest.response_complete
        if self.pipeline or (is_running and not self._is_in_body):
            self._end_after_answers()
            return
        if is_running:
            self.cycle.disconnected = True  # it gets no other answer
            self.cycle.message_event.set()
        if is_running or not self._is_in_body:
            line = f"HTTP/1.1 {self._refusal.value} {self._refusal.phrase}\r\n"
            self.transport.write(f"{line}connection: close\r\ncontent-length: 0\r\n\r\n".encode())
        self._is_in_body = True  # whatever it is, more of it may come
        self.transport.close()

    def _end_after_answers(self) -> None:
        """To the request that is running; those behind it are not begun."""
        self._is_over = True
        self.pipeline.clear()

    @property
    def _latest(self) -> RequestResponseCycle | None:
        """The request whose head came last; uvicorn has none before the first."""
        return self.cycle

    def _look(self) -> None:
        """Who waits for whom."""
        if self._is_over:
            return
        is_answered = self._latest is not None and self._latest.response_complete
        if self._is_in_head or self.flow.write_paused or (is_answered and self._is_in_body):
            self._crowd.late(self, self._held_bytes)
            return
        self._crowd.done(self)
        if is_answered:
            self._crowd.idle(self)
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )


class _Transport:
    """Another one, but for how it is closed."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport, self._connection = transport, connection
        self._is_closing = False
        self.write, self.abort = transport.write, transport.abort
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading
        self.get_extra_info = transport.get_extra_info

    def is_closing(self) -> bool:
        """See asyncio."""
        return self._is_closing or self._transport.is_closing()

    def close(self) -> None:
        """At once, or when the client has had the time to read our answer."""
        if self.is_closing():
            return
        self._is_closing = True
        if not self._connection.closing():
            self._transport.close()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._connection.flow.resume_reading()
        self._connection.loop.call_later(_LINGER_SECONDS, self._transport.abort)
