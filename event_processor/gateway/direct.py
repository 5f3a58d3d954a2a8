"""Paths that are known beforehand, found at once: to go through the routes takes as long as to judge a record."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Direct:
    """An app in front of another, which has the same routes and all others.

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
