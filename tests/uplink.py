"""A slow uplink: a proxy that passes on a limited number of bytes a second from all its clients together."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit


class Uplink(ThreadingTCPServer):
    """`taken` is how many bytes have come so far. Answers are not held up."""

    daemon_threads = True

    def __init__(self, endpoint: str, bytes_per_second: int) -> None:
        self.host, _, port = urlsplit(endpoint).netloc.partition(":")
        self.port, self._bytes_per_second = int(port), bytes_per_second
        self.taken = 0
        self._free_at = 0.0
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Way)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)

    @property
    def endpoint(self) -> str:
        """As a URL."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, size_bytes: int) -> None:
        """Returns when so much has gone through."""
        with self._lock:
            self.taken += size_bytes
            self._free_at = max(self._free_at, time.monotonic()) + size_bytes / self._bytes_per_second
            free_at = self._free_at
        time.sleep(max(0.0, free_at - time.monotonic()))  # the speed itself, no wait for anything


class _Way(BaseRequestHandler):
    server: Uplink

    def handle(self) -> None:
        with suppress(OSError), socket.create_connection((self.server.host, self.server.port)) as upstream:
            threading.Thread(target=self._down, args=(upstream,), daemon=True).start()
            while piece := self.request.recv(16 * 1024):
                self.server.take(len(piece))
                upstream.sendall(piece)

    def _down(self, upstream: socket.socket) -> None:
        with suppress(OSError):
            while piece := upstream.recv(64 * 1024):
                self.request.sendall(piece)


@contextmanager
def uplink(endpoint: str, bytes_per_second: int) -> Iterator[Uplink]:
    """A running one."""
    with Uplink(endpoint, bytes_per_second) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
