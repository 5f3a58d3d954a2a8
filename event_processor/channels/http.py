"""One POST of JSON, as a channel needs it: certificates verified, no redirects, bounded in time and in size."""

import json
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from typing import IO, Any, Final
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers

from event_processor import __version__
from event_processor.errors import NotSent
from event_processor.text import one_line

_ANSWER_BYTES: Final = 2_000
_SHOWN_CHARACTERS: Final = 200
_PARTS: Final = 4  # to find the host, to connect to it, to send, to be answered
_BUSY: Final = frozenset({408, 425, 429})


class _Bounded(RawIOBase):
    """What is read from a socket until the deadline, however slowly it drips.

    `first` is the file that was made of the socket before. It stays open for as long: the socket is closed with the
    last file that was made of it, and http.client closes its own end before the body is read.
    """

    def __init__(self, sock: socket, deadline: float, first: IO[bytes]) -> None:
        self._sock, self._deadline, self._first = sock, deadline, first

    def close(self) -> None:
        self._first.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_seconds = self._deadline - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError("the answer did not end")
        self._sock.settimeout(left_seconds)
        return self._sock.recv_into(buffer)


class _Answer(HTTPResponse):
    """An answer that has so long in all as http.client would give each piece of it."""

    def __init__(self, sock: socket, **details: Any) -> None:
        super().__init__(sock, **details)
        deadline = time.monotonic() + (sock.gettimeout() or 0.0)
        self.fp = BufferedReader(_Bounded(sock, deadline, self.fp))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Endpoint:
    """Where a channel posts. Neither the URL's path nor its password is ever in an error."""

    def __init__(self, channel: str, url: str) -> None:
        parts = urlsplit(url)
        self._channel = channel
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        self._secrets = [text for text in (parts.path.strip("/"), parts.query, parts.password) if text]
        self._headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": f"event-processor/{__version__}",
            "connection": "close",  # messages are minutes apart
        }
        if parts.username:
            self._headers |= make_headers(basic_auth=f"{parts.username}:{parts.password or ''}")
        self._manager = _manager(parts.scheme, parts.hostname or "")

    def post(self, document: Mapping[str, Any], seconds: float) -> bytes:
        """The beginning of the answer, if that is 2xx. Raises NotSent."""
        part_seconds = seconds / _PARTS
        try:
            answer = self._manager.urlopen(
                "POST",
                self._url,
                body=json.dumps(document).encode(),
                headers=self._headers,
                timeout=Timeout(connect=part_seconds, read=part_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            with answer:
                body = _beginning(answer)
        except (HTTPError, OSError, ValueError) as error:
            said = str(error)
            reason = said.partition(": ")[2] or said  # urllib3 begins with whose error it is
            raise NotSent(self._channel, type(error).__name__, self._shown(reason)) from None
        self._judge(answer, body)
        return body

    def _judge(self, answer: BaseHTTPResponse, body: bytes) -> None:
        status = answer.status
        if 200 <= status < 300:
            return
        raise NotSent(
            self._channel,
            str(status),
            self._shown(body.decode("utf-8", "replace")),
            is_final=300 <= status < 500 and status not in _BUSY,
            pause_seconds=_pause_seconds(answer.headers.get("retry-after", "")),
        )

    def _shown(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return one_line(text, _SHOWN_CHARACTERS)


def _beginning(answer: BaseHTTPResponse) -> bytes:
    """Of its body; raises what urllib3 raises if that ends before its time."""
    body = b""
    while len(body) < _ANSWER_BYTES and (piece := answer.read(_ANSWER_BYTES - len(body))):
        body += piece
    return body


def _manager(scheme: str, host: str) -> PoolManager:
    proxy = None if proxy_bypass(host) else getproxies().get(scheme)
    options: dict[str, Any] = {"ssl_context": ssl.create_default_context()} if scheme == "https" else {}
    if proxy:
        auth = urlsplit(proxy).netloc.rpartition("@")[0]
        headers = make_headers(proxy_basic_auth=auth) if auth else None
        manager: PoolManager = ProxyManager(proxy, proxy_headers=headers, **options)
    else:
        manager = PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


def _pause_seconds(retry_after: str) -> float:
    """RFC 9110, 10.2.3: seconds, or a date; 0 for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
