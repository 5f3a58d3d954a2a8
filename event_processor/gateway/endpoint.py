"""An endpoint of the door, by ASGI itself: what Starlette puts around a function takes as long as half of all else."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

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


def turned_away(denied: Denied, request: Request, observer: GatewayObserver) -> Reply:
    """The answer to a request that is not let in, which is told."""
    client = request.client.host if request.client else ""
    observer.denied(denied.key, denied.reply.status.value, client)
    return denied.reply
