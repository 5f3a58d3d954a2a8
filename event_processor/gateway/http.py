"""The door: HTTP requests in, answers out, by Starlette."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from event_processor.gateway.answers import Reply, bad_envelope, problem, reply_to_many, reply_to_one
from event_processor.gateway.bodies import Body, Early, heads
from event_processor.gateway.carrying import Carrying
from event_processor.gateway.describing import Describing
from event_processor.gateway.doorkeeper import Denied, Doorkeeper
from event_processor.gateway.endpoint import Direct, Endpoint, turned_away
from event_processor.gateway.envelopes import BadEnvelope, Offer, many_records, one_record
from event_processor.gateway.pending import Result
from event_processor.gateway.ports import GatewayObserver
from event_processor.gateway.segment_calls import SegmentCalls
from event_processor.publishing.publisher import PUT_RECORDS_MAX_BYTES

_AROUND_BYTES: Final = 64 * 1024  # that an envelope may have beside its records
_METHODS: Final = ["PUT", "POST"]


class _Kind(NamedTuple):
    """A kind of request: how its body is read, and how its results are told."""

    read: Callable[[bytes], list[Offer]]
    reply: Callable[[list[Result]], Reply]
    is_single: bool


_ONE: Final = _Kind(lambda body: [one_record(body)], lambda results: reply_to_one(results[0]), is_single=True)
_MANY: Final = _Kind(many_records, reply_to_many, is_single=False)
_PATHS: Final = {"/streams/{stream}/record": _ONE, "/streams/{stream}/records": _MANY}


class Door:
    """The endpoints of the streams."""

    def __init__(self, carrying: Carrying, doorkeeper: Doorkeeper, observer: GatewayObserver) -> None:
        self._carrying, self._gateway, self._observer = carrying, carrying.gateway, observer
        self._doorkeeper = doorkeeper

    def app(self) -> ASGIApp:
        """To be served."""
        endpoints = {path: Endpoint(partial(self.answer, kind=kind)) for path, kind in _PATHS.items()}
        app = Starlette(
            routes=[
                *(Route(path, endpoint, methods=_METHODS) for path, endpoint in endpoints.items()),
                *SegmentCalls(self._carrying, self._doorkeeper, self._observer).routes(),
                *Describing(self._gateway, self._doorkeeper, self._observer).routes(),
            ],
            exception_handlers={HTTPException: self._not_routed, Exception: self._failed},
        )
        known = {
            (method, path.format(stream=stream)): (endpoint, {"stream": stream})
            for path, endpoint in endpoints.items()
            for stream in self._gateway.lines
            for method in _METHODS
        }
        return Direct(known, app, self._failed)

    async def answer(self, request: Request, kind: _Kind) -> Reply:
        """To a request for a stream."""
        started = asyncio.get_running_loop().time()
        stream = request.path_params["stream"]
        known = stream if stream in self._gateway.lines else ""
        try:
            reply = await self._reply(request, kind, known, started)
        except Early as early:
            reply = early.reply
        except Denied as denied:
            reply = turned_away(denied, request, self._observer)
        self._tell(known, reply.status, started)
        return reply

    async def _reply(self, request: Request, kind: _Kind, stream: str, started: float) -> Reply:
        headers = heads(request)
        key = self._doorkeeper.key_of(headers)
        if not stream:
            raise Early(HTTPStatus.NOT_FOUND, "there is no stream of this name")
        self._doorkeeper.admit(key, stream, started)
        most_bytes = _AROUND_BYTES
        most_bytes += self._gateway.lines[stream].limit_bytes if kind.is_single else PUT_RECORDS_MAX_BYTES
        _must_be_readable(headers)
        body = Body(self._gateway, most_bytes)
        try:
            offers = kind.read(await body.read(request, started))
            self._doorkeeper.charge(key, len(offers), asyncio.get_running_loop().time())
            results = await self._carrying.submit(stream, offers, started)
        except BadEnvelope as bad:
            return bad_envelope(str(bad), bad.pointer)
        finally:
            body.release()
        if results is None:
            return problem(HTTPStatus.TOO_MANY_REQUESTS, "too many records are in hand")
        return kind.reply(results)

    async def _not_routed(self, request: Request, error: Exception) -> Response:
        """No such path, or not by this method."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
        status = HTTPStatus(error.status_code)
        self._tell("", status, asyncio.get_running_loop().time())
        reply = problem(status, f"{request.method} of this path: {status.phrase}")
        return _response(Reply(status, reply.body, {**reply.headers, **(error.headers or {})}))

    async def _failed(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - Starlette's
        """A bug of ours. Starlette raises it on, after this answer, to be logged."""
        self._observer.broken(error)
        self._tell("", HTTPStatus.INTERNAL_SERVER_ERROR, asyncio.get_running_loop().time())
        return _response(problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a bug of ours"))

    def _tell(self, stream: str, status: HTTPStatus, started: float) -> None:
        self._observer.answered(stream, status.value, asyncio.get_running_loop().time() - started)


def _must_be_readable(headers: Mapping[str, str]) -> None:
    """What the headers say of the body. Raises Early."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Early(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Early(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must not be compressed")
    if "content-length" not in headers and "transfer-encoding" not in headers:
        raise Early(HTTPStatus.LENGTH_REQUIRED, "the request has no body, or does not say how long it is")


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status.value, reply.headers)
