"""When the calls of this thread must be over, whatever their own timeouts say: for whoever is ended at a fixed time."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf


class _Limit(threading.local):
    moment = inf


_limit = _Limit()


@contextmanager
def calls_end_by(moment: float) -> Iterator[None]:
    """Inside, no call of this thread goes on past the moment (of `time.monotonic`), and none is tried again then.

    What is under way ends as if its own timeout had run out. Names are resolved by the system, in its own time: see
    `hurry_resolver`.
    """
    outer, _limit.moment = _limit.moment, moment
    try:
        yield
    finally:
        _limit.moment = outer


def hurry_resolver() -> None:
    """Let a name server that does not answer cost a second, not ten. To be called before any name is resolved.

    man 5 resolv.conf, RES_OPTIONS: "timeout:n" seconds for each of "attempts:n". One is enough, as calls are repeated.
    """
    os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")


def seconds_left() -> float:
    """Until then; infinite where there is no limit."""
    return _limit.moment - time.monotonic()


def leave_until(deadline: float, sock: socket.socket) -> bool:
    """Let the socket's next wait end by the deadline (of `time.monotonic`) at the latest; False if that has passed."""
    left_seconds = deadline - time.monotonic()
    if left_seconds <= 0:
        return False
    if left_seconds < (sock.gettimeout() or left_seconds):
        sock.settimeout(left_seconds)
    return True
