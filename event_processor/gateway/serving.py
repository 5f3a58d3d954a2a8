"""Serves the door by uvicorn until it is stopped, and says how that went."""

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil, inf
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from time import monotonic
from typing import Any, Final

import uvicorn
import uvloop
from starlette.types import ASGIApp

from event_processor.gateway.carrying import Carrying
from event_processor.gateway.connection import Connection
from event_processor.gateway.crowd import Crowd
from event_processor.gateway.ports import GatewayObserver

_BACKLOG: Final = 1024
_SWITCH_SECONDS: Final = 0.0005  # a thread whose call is answered waits as long for its turn while requests keep coming
_LOOK_SECONDS: Final = 0.1
_SWEEP_SECONDS: Final = 1.0
_WAIT_SHARE: Final = 0.8  # of the grace period; the rest is for the answers to get out
_IDLE_SECONDS: Final = 75
"""That a connection is kept open for another request: longer than load balancers keep theirs, or they send one while we
close it (60 seconds; Application Load Balancer, troubleshooting of HTTP 502)."""
_HANDSHAKE_SECONDS: Final = 10.0
_MOST_CONNECTIONS: Final = 4096
_OTHER_FILES: Final = 256  # calls to AWS, those who watch us
_HEADS_BYTES: Final = 32 * 1024 * 1024  # of all heads that are not whole
_CLOSE: Final = (b"connection", b"close")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stop went: requests that were `unanswered` when time was up, and whether a bug has ended it."""

    unanswered: int
    crashed: bool

    @property
    def is_clean(self) -> bool:
        """Everybody was answered."""
        return not self.unanswered and not self.crashed


class Serving:
    """`run` once, `stop` from anywhere."""

    def __init__(
        self,
        carrying: Carrying,
        app: ASGIApp,
        listener: socket.socket,
        grace_seconds: float,
        drain_seconds: float,
        context: ssl.SSLContext | None,
        observer: GatewayObserver,
    ) -> None:
        self._carrying, self._listener, self._observer = carrying, listener, observer
        self._grace_seconds, self._drain_seconds = grace_seconds, drain_seconds
        self._is_stopping = False
        self._crowd = Crowd(_most_connections(), _HEADS_BYTES, monotonic)
        config = uvicorn.Config(
            app,
            http=partial(Connection, self._crowd),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=ceil(grace_seconds - drain_seconds),
        )
        if context is not None:
            config.ssl_context_factory = lambda _config, _default: context
        self._server = _Server(config)

    def run(self) -> Outcome:
        """Serve until `stop`, then answer what is in hand within the grace period, and take no more.

        For the first `drain_seconds` of it all goes on, but each answer ends its connection: load balancers see that
        we are not ready, and turn away meanwhile. Those whose records are not acknowledged by the end are told so.
        """
        sys.setswitchinterval(_SWITCH_SECONDS)
        with asyncio.Runner(loop_factory=_Loop) as runner:
            return runner.run(self._run())

    def stop(self) -> None:
        """The grace period begins."""
        self._is_stopping = True

    async def _run(self) -> Outcome:
        carrying = asyncio.create_task(self._carrying.run())
        has_crashed = asyncio.Event()
        carrying.add_done_callback(lambda _: has_crashed.set())  # it ends by a bug only, as long as we serve
        ending = asyncio.create_task(self._end(has_crashed))
        sweeping = asyncio.create_task(self._sweep())
        await self._server.serve(sockets=[self._listener])
        ending.cancel()
        sweeping.cancel()
        crashed = carrying.done()
        unanswered = self._carrying.gateway.waiting
        carrying.cancel()
        try:
            await carrying
        except asyncio.CancelledError:
            pass
        except BaseExceptionGroup as errors:
            self._observer.crashed("carry", errors.exceptions[0])
        return Outcome(unanswered, crashed)

    async def _end(self, has_crashed: asyncio.Event) -> None:
        """Once we are stopping, let nobody wait for longer than the grace period; after a bug, for nothing any more."""
        while not self._is_stopping and not has_crashed.is_set():
            await asyncio.sleep(_LOOK_SECONDS)
        if self._drain_seconds:
            self._server.config.encoded_headers.append(_CLOSE)
            await _set_within(has_crashed, self._drain_seconds)
        self._server.should_exit = True
        await _set_within(has_crashed, _WAIT_SHARE * (self._grace_seconds - self._drain_seconds))
        gateway = self._carrying.gateway
        while True:
            gateway.give_up(inf)
            while gateway.coming:
                gateway.coming.pop()()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self._crowd.sweep()


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the worker's, which calls `stop`."""
        yield


class _Loop(uvloop.Loop):
    async def create_server(self, *what: Any, **how: Any) -> asyncio.AbstractServer:  # type: ignore[override]
        """Whoever does not speak TLS is not waited for, either."""
        if how.get("ssl") is not None:
            how["ssl_handshake_timeout"] = _HANDSHAKE_SECONDS
        return await super().create_server(*what, **how)


def _most_connections() -> int:
    """As many as may be, and as the process may have files for."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    if soft < _MOST_CONNECTIONS + _OTHER_FILES:
        soft = min(hard, _MOST_CONNECTIONS + _OTHER_FILES) if hard > 0 else _MOST_CONNECTIONS + _OTHER_FILES
        setrlimit(RLIMIT_NOFILE, (soft, hard))
    return max(_OTHER_FILES // 4, min(_MOST_CONNECTIONS, soft - _OTHER_FILES))
