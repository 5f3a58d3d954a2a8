"""The HTTP that the metrics port needs: one request, read by h11, and one answer, as bytes, for each connection."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urlsplit

import h11

_MOST_HEAD_BYTES: Final = 16 * 1024  # what is incomplete at this size is refused
_MOST_BODY_BYTES: Final = 16 * 1024  # of a form
_NO_FORMS, _OWN_FORMS = "form-action 'none'", "form-action 'self'"
_ALWAYS: Final = (
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Connection: close\r\n"
)
_ANY_TEXT: Final = "latin-1"  # what HTTP takes header bytes for: every byte is some character


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; its body is read only for who asks for it with MORE."""

    method: str
    path: str
    query: str = ""
    accept: str = ""
    accept_encoding: str = ""
    body: bytes | None = None


class More(Enum):
    """What is answered to a request to be asked once more, with its body."""

    MORE = auto()


MORE: Final = More.MORE


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `headers` beyond those that every answer has. `has_form`: the page sends a form to itself."""

    status: HTTPStatus
    content_type: str = "application/json"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = field(default=())
    has_form: bool = False

    def as_bytes(self, *, head_only: bool = False) -> bytes:
        """The message. `head_only` for HEAD: as for GET, the length included, without the body (RFC 9110, 9.3.2)."""
        always = _ALWAYS.replace(_NO_FORMS, _OWN_FORMS) if self.has_form else _ALWAYS
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n", always]
        lines += [f"{name}: {value}\r\n" for name, value in self.headers]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}\r\n")
        if self.status is not HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(self.body)}\r\n")
        return "".join(lines).encode(_ANY_TEXT) + b"\r\n" + (b"" if head_only else self.body)


class NotHttp(Exception):
    """These bytes are no request that can be answered as asked; carries the answer that says so."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.answer = Answer(status, body=b'{"error": "%s"}' % status.phrase.encode())


class RequestReader:
    """Takes bytes as they come until the head of a request is complete."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD_BYTES)
        self._begun = self._whole = False
        self._body = b""

    def read(self, received: bytes) -> Request | None:
        """The request, once its head is complete; None before. Raises NotHttp."""
        if not self._begun:
            received = received.lstrip(b"\r\n")  # RFC 9112, 2.2: empty lines before a request are ignored
        if not received:
            return None
        self._begun = True
        try:
            self._http.receive_data(received)
            event = self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise NotHttp(HTTPStatus(error.error_status_hint)) from error
        if not isinstance(event, h11.Request):
            return None
        request = _request(event)
        self._look_behind()
        return request

    def with_body(self, request: Request, received: bytes = b"") -> Request | None:
        """The request that was read, once its body is complete; None before. Raises NotHttp."""
        try:
            if received:
                self._http.receive_data(received)
            while not self._whole:
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return None
                self._take(event)
        except h11.RemoteProtocolError as error:
            raise NotHttp(HTTPStatus(error.error_status_hint)) from error
        return replace(request, body=self._body)

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Data):
            self._body += bytes(event.data)
            if len(self._body) > _MOST_BODY_BYTES:
                raise NotHttp(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._whole = isinstance(event, h11.EndOfMessage) and not self._http.trailing_data[0]

    @property
    def more_may_come(self) -> bool:
        """Whether anything may follow: a body, the next request of a client that does not wait, or what is not HTTP."""
        return not self._whole

    def _look_behind(self) -> None:
        """Whether the head is all of it. What is not HTTP there is an answer's worth to who wants a body only."""
        try:
            event = self._http.next_event()
        except h11.RemoteProtocolError:
            return
        if event is not h11.NEED_DATA:
            with suppress(NotHttp):
                self._take(event)


def _request(event: h11.Request) -> Request:
    if not event.http_version.startswith(b"1."):
        raise NotHttp(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)  # HTTP/2 with prior knowledge begins like this
    headers = {bytes(name): bytes(value).decode(_ANY_TEXT) for name, value in event.headers}
    path, _, query = _origin_form(event.target.decode(_ANY_TEXT)).partition("?")
    return Request(
        method=event.method.decode(_ANY_TEXT),
        path=unquote(path),
        query=query,
        accept=headers.get(b"accept", ""),
        accept_encoding=headers.get(b"accept-encoding", ""),
    )


def _origin_form(target: str) -> str:
    """`http://host/path?query`, which a server must accept too (RFC 9112, 3.2.2), as `/path?query`."""
    if not target.lower().startswith(("http://", "https://")):
        return target
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise NotHttp(HTTPStatus.BAD_REQUEST) from error
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
