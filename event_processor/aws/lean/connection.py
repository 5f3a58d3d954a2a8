"""urllib3's connections, sending a request in one piece and reading its answer with the standard library alone.

urllib3 still opens and closes them, verifies certificates, talks to proxies, keeps the pool and the timeouts. What it
does beyond that, header by header and for streams and redirects, costs more than all the rest of a small call.
"""

import http.client
from collections.abc import Mapping
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class _InOnePiece(HTTPConnection):
    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_options: Any) -> None:
        """Send it, over a new connection if there is none."""
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        self.send(_head(method, url, headers, len(body)) + body)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself does
        """The answer, read to its end."""
        self.sock.settimeout(self.timeout)
        with http.client.HTTPResponse(self.sock, method="POST") as answer:
            answer.begin()
            body = answer.read()
        if answer.will_close:
            self.close()
        return HTTPResponse(body=body, headers=HTTPHeaderDict(answer.headers.items()), status=answer.status)


def _head(method: str, url: str, headers: Mapping[str, str], body_bytes: int) -> bytes:
    lines = [f"{method} {url} HTTP/1.1", *[f"{name}: {value}" for name, value in headers.items()]]
    head = "\r\n".join([*lines, f"content-length: {body_bytes}", "", ""])
    if head.count("\n") != len(lines) + 2:
        raise ValueError("a line break inside a header: look at the credentials")
    return head.encode("latin-1")


class _HttpsInOnePiece(_InOnePiece, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _InOnePiece


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsInOnePiece


POOLS: Final = {"http": _HttpPool, "https": _HttpsPool}
"""For PoolManager.pool_classes_by_scheme."""
