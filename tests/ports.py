"""Ports of loopback for servers that are told where to listen."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port of loopback on which nobody listens until a test says who.

    It stays bound, so that no other test is given it; Linux lets a server listen there all the same, as long as both
    set SO_REUSEADDR. Before, between and after servers connections are refused.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def free_port() -> int:
    """One that nobody listened on just now, for servers that do not set SO_REUSEADDR."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
