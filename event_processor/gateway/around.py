"""What stands around the door: pages of other origins (CORS), and proxies that say whom a request is from."""

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_METHODS: Final = ("GET", "POST", "PUT")
_HEADERS: Final = ("authorization", "x-api-key", "content-encoding", "x-retry-count")  # the last: Segment's clients


def around(app: ASGIApp, origins: str | None, proxies: str | None) -> ASGIApp:
    """The app, behind as much of it as is asked for: both are lists with commas."""
    if origins:
        app = CORSMiddleware(
            app,
            allow_origins=origins.split(","),
            allow_methods=_METHODS,
            allow_headers=_HEADERS,
            expose_headers=("retry-after",),
        )
    return ProxyHeadersMiddleware(app, proxies) if proxies else app  # type: ignore[arg-type, return-value]
