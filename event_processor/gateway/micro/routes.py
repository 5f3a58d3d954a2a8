"""The door in micro mode: around the endpoints of the streams, what it remembers, as JSON and on a page."""

import asyncio
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from itertools import islice
from typing import Any, Final

import orjson
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from event_processor.contracts.streams import Stream
from event_processor.contracts.watcher import Watcher
from event_processor.gateway.answers import PROBLEM, problem
from event_processor.gateway.micro.entries import entry, shown
from event_processor.gateway.micro.memory import Kind, Memory, Unread
from event_processor.gateway.micro.sink import MicroObserver

_PAGE: Final = (files("event_processor.gateway.micro") / "page.html").read_text(encoding="utf-8")
_MOST_SHOWN: Final = 500
_HOST: Final = re.compile(r"(localhost|[a-z0-9.-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?", re.IGNORECASE)
_FIELDS: Final = frozenset({"stream", "subject", "limit", "after"})


def _hash_of(element: str) -> str:
    content = re.search(rf"<{element}>(.*?)</{element}>", _PAGE, re.DOTALL)
    return f"'sha256-{b64encode(sha256((content[1] if content else '').encode()).digest()).decode()}'"


_ALWAYS: Final = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src {_hash_of('style')}; script-src {_hash_of('script')}; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Micro:
    """The application. `door` is asked for all that is not ours; contracts are read after each request for it came."""

    def __init__(
        self, door: ASGIApp, memory: Memory, watcher: Watcher, observer: MicroObserver, streams: Mapping[str, Stream]
    ) -> None:
        self._door, self._memory, self._streams = door, memory, streams
        self._watcher, self._observer = watcher, observer
        self._refreshing = asyncio.Lock()
        self._refreshed_at = float("-inf")
        self._ours: dict[str, tuple[str, Callable[[_Asked], Any]]] = {
            "/micro/all": ("GET", self._counts),
            "/micro/good": ("GET", partial(self._entries, "good")),
            "/micro/bad": ("GET", partial(self._entries, "bad")),
            "/micro/feed": ("GET", self._feed),
            "/micro/reset": ("POST", self._reset),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._door(scope, receive, send)
            return
        request = Request(scope, receive)
        if not _HOST.fullmatch(request.headers.get("host", "localhost")):  # of a page that is not of this machine
            reply = problem(HTTPStatus.MISDIRECTED_REQUEST, "micro mode answers to names of this machine only")
            await Response(reply.body, reply.status.value, reply.headers)(scope, receive, send)
        elif scope["path"] in {"/", "/micro"} or scope["path"] in self._ours:
            await (await self._answer(request))(scope, receive, send)
        else:
            await self._refresh()
            await self._door(scope, receive, partial(_Watched(request, self._memory, self._streams).send, send))

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        if path == "/":
            return RedirectResponse("/micro", headers=_ALWAYS)
        method, make = self._ours.get(path, ("GET", None))
        if request.method not in {method, "HEAD" if method == "GET" else method}:
            return _problem(HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is the method of this path", allow=method)
        if method == "POST" and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return _problem(HTTPStatus.FORBIDDEN, "pages of other origins are not answered")
        if make is None:
            return Response(_PAGE, headers=_ALWAYS, media_type="text/html")
        try:
            asked = _Asked(request.query_params)
        except ValueError as error:
            return _problem(HTTPStatus.BAD_REQUEST, str(error))
        body = await asyncio.to_thread(lambda: orjson.dumps(make(asked)))  # of 64 MiB it takes a second
        return Response(body, headers=_ALWAYS, media_type="application/json")

    def _counts(self, asked: "_Asked") -> dict[str, Any]:
        return self._memory.counts(asked.stream, asked.subject)

    def _entries(self, kind: Kind, asked: "_Asked") -> list[dict[str, Any]]:
        events = self._memory.latest(kind, asked.stream, asked.subject, asked.after or 0)
        return list(map(entry, islice(events, asked.limit)))

    def _reset(self, asked: "_Asked") -> dict[str, Any]:
        self._memory.reset()
        return self._counts(asked)

    def _feed(self, asked: "_Asked") -> dict[str, Any]:
        """What the page has not seen yet, and how things are."""
        contracts = self._watcher.current
        events = self._memory.latest(None, asked.stream, asked.subject, asked.after or 0)
        return {
            "counts": self._memory.counts(),
            "epoch": self._memory.epoch,
            "streams": list(self._streams),
            "contracts": len(contracts.contracts),
            "trouble": self._observer.trouble,
            "events": [shown(event, self._streams) for event in islice(events, _MOST_SHOWN)],
        }

    async def _refresh(self) -> None:
        """Read the contracts, unless somebody has begun to since we were asked."""
        asked_at = asyncio.get_running_loop().time()
        async with self._refreshing:
            if self._refreshed_at <= asked_at:
                self._refreshed_at = asyncio.get_running_loop().time()
                await asyncio.to_thread(self._watcher.refresh)


class _Asked:
    """What of the memory a request is about. Raises ValueError with what is wrong."""

    def __init__(self, query: QueryParams) -> None:
        unknown = set(query) - _FIELDS
        if unknown:
            raise ValueError(f"there is no parameter {min(unknown)}; there are {', '.join(sorted(_FIELDS))}")
        self.stream, self.subject = query.get("stream"), query.get("subject")
        self.limit, self.after = _number(query, "limit"), _number(query, "after")


def _number(query: QueryParams, name: str) -> int | None:
    text = query.get(name)
    if text is not None and not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError(f"{name} must be a number from 0 on")
    return None if text is None else int(text)


class _Watched:
    """Looks at an answer of the door, and remembers requests that no record could be taken from."""

    def __init__(self, request: Request, memory: Memory, streams: Mapping[str, Stream]) -> None:
        self._request, self._memory, self._streams = request, memory, streams
        self._is_problem = False

    async def send(self, send: Send, message: Message) -> None:
        """See ASGI."""
        if message["type"] == "http.response.start":
            self._is_problem = Headers(raw=message["headers"]).get("content-type") == PROBLEM
        elif self._is_problem and message.get("body"):
            self._remember(orjson.loads(message["body"]))
        await send(message)

    def _remember(self, told: dict[str, Any]) -> None:
        if "faults" in told:
            return  # it was a record, which is remembered as a reject
        path = self._request.url.path
        stream = next((name for name in path.split("/")[2:3] if name in self._streams), None)
        status = HTTPStatus(told["status"])
        reason, pointer = status.name.lower(), told.get("pointer", "")
        unread = Unread(self._request.method, path, status.value, reason, told["detail"], pointer, datetime.now(UTC))
        self._memory.add(stream, None, unread)


def _problem(status: HTTPStatus, detail: str, **headers: str) -> Response:
    reply = problem(status, detail)
    return Response(reply.body, status.value, {**_ALWAYS, **reply.headers, **headers})
