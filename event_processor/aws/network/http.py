"""HTTP with botocore's rules (TLS, certificates, proxies, timeouts, exceptions) on urllib3, in fewer steps."""

import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import ProxyConfiguration, create_urllib3_context, get_cert_path, mask_proxy_url
from botocore.utils import get_environ_proxies
from urllib3 import PoolManager, ProxyManager, Timeout
from urllib3 import exceptions as urllib3_errors
from urllib3.util.ssl_match_hostname import CertificateError

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.network.connection import POOLS, HttpPool
from event_processor.aws.network.reading import keep_back
from event_processor.aws.network.reply import Reply

_PLAIN: Final = {"accept-encoding": "identity"}  # without it, any compression is welcome (RFC 9110, 12.5.3)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_KINDS: Final[tuple[tuple[tuple[type[Exception], ...], type[BotoCoreError]], ...]] = (
    ((urllib3_errors.SSLError, ssl.SSLError, CertificateError), SSLError),
    ((urllib3_errors.NewConnectionError,), EndpointConnectionError),
    ((urllib3_errors.ProxyError,), ProxyConnectionError),
    ((urllib3_errors.ConnectTimeoutError,), ConnectTimeoutError),
    ((TimeoutError,), ReadTimeoutError),
    ((OSError, HTTPException), ConnectionClosedError),
)
"""What boto3 makes of these exceptions, which are those of connecting, sending and reading; the first that fits."""


class Route(NamedTuple):
    """The way of requests to a URL: the Host header, the pool of its connections, the request line, and the proxy.

    `proxy_headers` are for a proxy that sees the requests themselves, which it does without TLS.
    """

    url: str
    host: str
    pool: HttpPool
    target: str
    proxy_url: str
    proxy_headers: Mapping[str, str]


class Network:
    """Routes to where a boto3 client with this configuration would connect; `ca_bundle` is what its session says.

    The rules are those of botocore.httpsession.URLLib3Session and botocore.endpoint.EndpointCreator.
    """

    def __init__(self, config: Any, ca_bundle: str | None) -> None:
        set_options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        if config.tcp_keepalive:
            set_options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
        self._options: dict[str, Any] = {
            "timeout": Timeout(connect=config.connect_timeout, read=config.read_timeout),
            "maxsize": config.max_pool_connections,
            "socket_options": set_options,
            "ssl_context": create_urllib3_context(),
            "cert_reqs": "CERT_REQUIRED",
            "ca_certs": ca_bundle or get_cert_path(True),
        }
        self._managers: dict[str, PoolManager] = {}

    def route_to(self, url: str) -> Route:
        """The route to a URL, through a proxy if the environment says so."""
        proxies = ProxyConfiguration(get_environ_proxies(url))
        proxy_url = proxies.proxy_url_for(url) or ""
        manager = self._managers.get(proxy_url) or self._manager(proxy_url, proxies)
        is_forwarded = proxy_url and url.startswith("http:")
        target = url if is_forwarded else urlsplit(url).path or "/"
        pool = cast("HttpPool", manager.connection_from_url(url))
        return Route(url, host_of(url), pool, target, proxy_url, pool.proxy_headers if is_forwarded else {})

    def _manager(self, proxy_url: str, proxies: ProxyConfiguration) -> PoolManager:
        if proxy_url:
            headers = proxies.proxy_headers_for(proxy_url)
            manager: PoolManager = ProxyManager(proxy_url, proxy_headers=headers, **self._options)
        else:
            manager = PoolManager(**self._options)
        manager.pool_classes_by_scheme = POOLS
        self._managers[proxy_url] = manager
        return manager


def host_of(url: str) -> str:
    """As it goes into the Host header: without the port if that is the default one."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    return host if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{host}:{parts.port}"


def head_of(route: Route, headers: Mapping[str, str]) -> bytes:
    """The head of a request, all but its last header, Content-Length. Raises HTTPClientError."""
    every = {**_PLAIN, **route.proxy_headers, **headers}
    lines = [f"POST {route.target} HTTP/1.1", *[f"{name}: {value}" for name, value in every.items()]]
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1:
        raise HTTPClientError(error="a line break inside a header: look at the credentials")
    return head.encode("latin-1")


def post(route: Route, head: bytes, body: bytes, returns_nothing: bool = False) -> Reply:
    """Send it, with a head of `head_of`. Raises what boto3 would raise, and MalformedAnswer: the connection is closed.

    Otherwise it is kept back until the answer is read: see Reading. An operation that `returns_nothing` is answered
    with "an HTTP 200 response with an empty HTTP body" (API reference, CreateStream).
    """
    try:
        reply = route.pool.exchange(b"%b\r\ncontent-length: %d\r\n\r\n%b" % (head, len(body), body))
    except MalformedAnswer:
        raise
    except Exception as error:
        raise _as_botocore(error, route) from error
    if not reply.body and not returns_nothing:
        reply.drop()
        raise MalformedAnswer(f"{route.url} answered {reply.status} with nothing")
    keep_back(reply)
    return reply


def _as_botocore(error: Exception, route: Route) -> BotoCoreError:
    kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), HTTPClientError)
    return kind(error=error, endpoint_url=route.url, proxy_url=mask_proxy_url(route.proxy_url))
