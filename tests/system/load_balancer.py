"""A small HTTP load balancer, as strict as those of clouds: it sends nothing a second time.

Targets that are not ready get no new requests; what is under way to them is waited for. A connection that breaks before
its answer is 502 for the client, no ready target 503.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self

from tests.eventually import eventually
from tests.system.gateway import Gateway

_SECONDS_BETWEEN_LOOKS = 0.2
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class LoadBalancer:
    """In front of gateways, round robin. `url` is where; `trouble` is what clients were told by it itself."""

    def __init__(self) -> None:
        self.trouble: Counter[int] = Counter()
        self._targets: dict[Gateway, bool] = {}
        self._idle: defaultdict[Gateway, list[HTTPConnection]] = defaultdict(list)
        self._turns = count()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._server = _Server(("127.0.0.1", 0), self.forward)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True),
            threading.Thread(target=self._watch, daemon=True),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()
        for target in list(self._targets):
            self.remove(target)

    @property
    def url(self) -> str:
        """For clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, target: Gateway) -> None:
        """One more, and wait until it is used."""
        with self._lock:
            self._targets[target] = False
        eventually(lambda: self._targets[target], "the load balancer to see that the gateway is ready")

    def remove(self, target: Gateway) -> None:
        """It is gone."""
        with self._lock:
            del self._targets[target]
            for connection in self._idle.pop(target, []):
                connection.close()

    def forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> "_Forwarded":
        """One request to one target, once."""
        with self._lock:
            ready = [target for target, is_ready in self._targets.items() if is_ready]
        if not ready:
            return self._own(503)
        target = ready[next(self._turns) % len(ready)]
        connection = self._connection(target)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            connection.close()
            return self._own(502)
        self._keep(target, connection, answer)
        told = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
        return answer.status, told, content

    def _own(self, status: int) -> "_Forwarded":
        self.trouble[status] += 1
        return status, [("content-type", "text/html")], b"<html>load balancer</html>"

    def _connection(self, target: Gateway) -> HTTPConnection:
        with self._lock:
            kept = self._idle[target]
            return kept.pop() if kept else HTTPConnection("127.0.0.1", target.door, timeout=60)

    def _keep(self, target: Gateway, connection: HTTPConnection, answer: HTTPResponse) -> None:
        with self._lock:
            if not answer.will_close and target in self._targets:
                self._idle[target].append(connection)
                return
        connection.close()

    def _watch(self) -> None:
        while not self._over.wait(_SECONDS_BETWEEN_LOOKS):
            with self._lock:
                targets = list(self._targets)
            for target in targets:
                is_ready = _is_ready(target)
                with self._lock:
                    if target in self._targets:
                        self._targets[target] = is_ready


def _is_ready(target: Gateway) -> bool:
    with suppress(OSError, HTTPException):
        return target.get("/readyz")[0] == 200
    return False


_Forwarded = tuple[int, list[tuple[str, str]], bytes]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], forward: Callable[..., _Forwarded]) -> None:
        super().__init__(address, _Handler)
        self.forward = forward


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Not a word."""

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        status, told, content = self.server.forward(self.command, self.path, body, headers)
        self.send_response(status)
        for name, value in (*told, ("content-length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = _pass  # noqa: N815 - as http.server has it
