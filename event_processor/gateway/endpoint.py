"""What Starlette puts around a function, and its way through the routes, take longer than all else: ways past both."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from event_processor.gateway.answers import Reply
from event_processor.gateway.doorkeeper import Denied
from event_processor.gateway.ports import GatewayObserver


class Endpoint:
    """Of a function from a request to its reply."""

    def __init__(self, answer: Callable[[Request], Awaitable[Reply]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        reply = await self._answer(Request(scope, receive))
        headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        headers.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status.value, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})


class Direct:
    """An app in front of another, which has the same routes and all others: paths that are known beforehand.

    `apps` by method and path, with the parameters in the path. What one of them raises is answered by `failed`, and
    raised on to be logged, as Starlette does it.
    """

    def __init__(
        self,
        apps: Mapping[tuple[str, str], tuple[ASGIApp, dict[str, str]]],
        others: ASGIApp,
        failed: Callable[[Request, Exception], Awaitable[Response]],
    ) -> None:
        self._apps, self._others, self._failed = apps, others, failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        found = self._apps.get((scope["method"], scope["path"]))
        if found is None:
            await self._others(scope, receive, send)
            return
        app, scope["path_params"] = found
        try:
            await app(scope, receive, send)
        except Exception as error:
            response = await self._failed(Request(scope), error)
            await response(scope, receive, send)
            raise


def turned_away(denied: Denied, request: Request, observer: GatewayObserver) -> Reply:
    """The answer to a request that is denied, which is told."""
    client = request.client.host if request.client else ""
    observer.denied(denied.key, denied.reply.status.value, client)
    return denied.reply
