"""A network between processor and AWS that goes silent: connections stay open, and nothing comes through any more."""

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class SilentNetwork:
    """Forwards TCP from `endpoint`, on loopback, to where it is told, until `silence`.

    Established connections then swallow whatever is sent, for ever, as behind a NAT that forgot them; new ones too,
    until `heal`.
    """

    def __init__(self, to: str) -> None:
        there = urlsplit(to)
        self._to = (there.hostname or "127.0.0.1", there.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._silent = threading.Event()
        self._sockets: list[socket.socket] = []
        self._generation = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in [self._listener, *self._sockets]:
            each.close()

    def silence(self) -> None:
        """From now on nothing is forwarded."""
        self._silent.set()
        self._generation += 1

    def hang_up(self) -> None:
        """End all connections, as a server does with those that were idle for too long."""
        for each in self._sockets:
            with suppress(OSError):  # the other side was first
                each.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        """New connections work; the old ones stay silent."""
        self._silent.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(near)
            if self._silent.is_set():
                continue  # it is open, and nobody reads
            far = socket.create_connection(self._to)
            self._sockets.append(far)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=(source, target, self._generation), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, generation: int) -> None:
        try:
            while data := source.recv(65536):
                if generation == self._generation:
                    target.sendall(data)
            if generation == self._generation:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            return
