"""What the door says of itself: GET /streams and GET /openapi.json. Neither asks for a key: they show no record."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.gateway.doorkeeper import Doorkeeper
from event_processor.gateway.gateway import Gateway
from event_processor.gateway.openapi import Described, description, listing
from event_processor.gateway.ports import GatewayObserver

_HEADERS: Final = {
    "content-type": "application/json",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
}
Make = Callable[[list[Described], ContractSet], dict[str, Any]]


class Describing:
    """The endpoints."""

    def __init__(self, gateway: Gateway, doorkeeper: Doorkeeper, observer: GatewayObserver) -> None:
        with_keys = doorkeeper.keys is not None
        deadline_seconds = gateway.limits.deadline_seconds
        self._listing = _Document(
            gateway, observer, lambda streams, contracts: listing(streams, contracts, deadline_seconds)
        )
        self._description = _Document(gateway, observer, partial(description, with_keys=with_keys))

    def routes(self) -> list[BaseRoute]:
        """To be served."""
        return [
            Route("/streams", self._listing.answer, methods=["GET"]),
            Route("/openapi.json", self._description.answer, methods=["GET"]),
        ]


class _Document:
    """Made once for each set of contracts, in a thread: that of a thousand contracts takes a second."""

    def __init__(self, gateway: Gateway, observer: GatewayObserver, make: Make) -> None:
        self._gateway, self._observer, self._make = gateway, observer, make
        self._making = asyncio.Lock()
        self._body = b""
        self._streams: list[Described] = []
        self._contracts: Mapping[str, Contract] | None = None

    async def answer(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's
        """As of now."""
        started = asyncio.get_running_loop().time()
        async with self._making:
            streams = [Described(line.stream, line.limit_bytes) for line in self._gateway.lines.values()]
            contracts = self._gateway.contracts.current
            if contracts.contracts is not self._contracts or streams != self._streams:
                self._body = await asyncio.to_thread(lambda: orjson.dumps(self._make(streams, contracts)))
                self._contracts, self._streams = contracts.contracts, streams
        self._observer.answered("", HTTPStatus.OK.value, asyncio.get_running_loop().time() - started)
        return Response(self._body, headers=_HEADERS)
