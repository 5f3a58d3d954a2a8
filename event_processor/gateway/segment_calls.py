"""Segment's tracking API, for its clients as they are: the write key says which stream the events go to."""

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from event_processor.gateway.answers import Reply, bad_envelope, problem, reply_to_segment
from event_processor.gateway.bodies import Body, Early
from event_processor.gateway.carrying import Carrying
from event_processor.gateway.doorkeeper import Denied, Doorkeeper, given_secret
from event_processor.gateway.endpoint import Endpoint, turned_away
from event_processor.gateway.envelopes import BadEnvelope
from event_processor.gateway.keys import Key
from event_processor.gateway.ports import GatewayObserver
from event_processor.gateway.segment import MOST_EVENTS, TYPES, Call, batch, single

_MOST_BYTES: Final = 4 * 1024 * 1024  # of a body, unpacked; Segment takes 500 KB, but not all of its clients count well
_BATCHES: Final = ("batch", "b", "import")  # the last by clients older than `batch`


class SegmentCalls:
    """The endpoints: each under /v1, and those of one letter without it, too."""

    def __init__(self, carrying: Carrying, doorkeeper: Doorkeeper, observer: GatewayObserver) -> None:
        self._carrying, self._gateway, self._observer = carrying, carrying.gateway, observer
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        """To be served."""
        most_events = min(MOST_EVENTS, self._gateway.limits.max_records)
        reads: dict[str, Callable[[bytes], Call]] = {}
        for name in TYPES:
            reads[name] = reads[name[0]] = partial(single, event_type=name)
        for name in _BATCHES:
            reads[name] = partial(batch, most_events=most_events)
        paths = {f"/v1/{name}": read for name, read in reads.items()}
        paths |= {f"/v1/{name}/": read for name, read in reads.items() if len(name) > 1}
        paths |= {f"/{name}": read for name, read in reads.items() if len(name) == 1}
        return [
            Route(path, Endpoint(partial(self.answer, read=read)), methods=["POST"]) for path, read in paths.items()
        ]

    async def answer(self, request: Request, read: Callable[[bytes], Call]) -> Reply:
        """To a call."""
        started = asyncio.get_running_loop().time()
        body = Body(self._gateway, _MOST_BYTES)
        stream = ""
        try:
            secret = given_secret(request.headers)
            if secret:
                stream, key = self._addressee(request, secret, started)
            call = read(await body.read(request, started))
            if not secret:
                stream, key = self._addressee(request, call.write_key, started)
            reply = await self._reply(stream, key, call, started)
        except Early as early:
            reply = early.reply
        except Denied as denied:
            reply = turned_away(denied, request, self._observer)
        except BadEnvelope as bad:
            reply = bad_envelope(str(bad), bad.pointer)
        finally:
            body.release()
        self._observer.answered(stream, reply.status.value, asyncio.get_running_loop().time() - started)
        return reply

    def _addressee(self, request: Request, write_key: str | None, now: float) -> tuple[str, Key | None]:
        """The stream that a write key stands for. Raises Denied."""
        key = self._doorkeeper.key_of(request.headers, write_key)
        stream = write_key if key is None else key.segment
        if stream is None or stream not in self._gateway.lines:
            name, detail = ("", "no stream has this name") if key is None else (key.name, "this is not a write key")
            raise Denied(name, HTTPStatus.UNAUTHORIZED, detail)
        self._doorkeeper.charge(key, 0, now)
        return stream, key

    async def _reply(self, stream: str, key: Key | None, call: Call, started: float) -> Reply:
        if not call.offers:
            return reply_to_segment(())
        self._doorkeeper.charge(key, len(call.offers), asyncio.get_running_loop().time())
        results = await self._carrying.submit(stream, call.offers, started)
        if results is None:
            return problem(HTTPStatus.TOO_MANY_REQUESTS, "too many records are in hand")
        return reply_to_segment(results)
