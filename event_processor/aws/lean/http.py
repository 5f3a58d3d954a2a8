"""HTTP as botocore does it, on urllib3: TLS, certificates, proxies, timeouts, exceptions; without its many objects."""

import socket
from typing import Any, Final, NamedTuple
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
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, PoolManager, ProxyManager, Retry, Timeout
from urllib3 import exceptions as urllib3_errors

from event_processor.aws.lean.connection import POOLS

_NO_RETRIES: Final = Retry(False)  # the pool itself opens a connection anew that the server has closed meanwhile

_KINDS: Final[tuple[tuple[type[Exception], type[BotoCoreError]], ...]] = (
    (urllib3_errors.SSLError, SSLError),
    (urllib3_errors.NewConnectionError, EndpointConnectionError),
    (urllib3_errors.ProxyError, ProxyConnectionError),
    (urllib3_errors.ConnectTimeoutError, ConnectTimeoutError),
    (urllib3_errors.ReadTimeoutError, ReadTimeoutError),
    (urllib3_errors.ProtocolError, ConnectionClosedError),
)
"""What botocore makes of urllib3's exceptions; the first that fits."""


class Way(NamedTuple):
    """How requests get to a URL: the pool of its connections, what stands in the request line, and the proxy."""

    url: str
    pool: HTTPConnectionPool
    target: str
    proxy_url: str


class Reply(NamedTuple):
    """An answer, read to its end; the names of the headers in any case."""

    status: int
    headers: HTTPHeaderDict
    body: bytes


class Network:
    """Ways to where a boto3 client with this configuration would connect; `ca_bundle` is what its session says.

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

    def way_to(self, url: str) -> Way:
        """The way to a URL, through a proxy if the environment says so."""
        proxies = ProxyConfiguration(get_environ_proxies(url))
        proxy_url = proxies.proxy_url_for(url) or ""
        manager = self._managers.get(proxy_url) or self._manager(proxy_url, proxies)
        is_forwarded = proxy_url and url.startswith("http:")
        target = url if is_forwarded else urlsplit(url).path or "/"
        return Way(url, manager.connection_from_url(url), target, proxy_url)

    def _manager(self, proxy_url: str, proxies: ProxyConfiguration) -> PoolManager:
        if proxy_url:
            headers = proxies.proxy_headers_for(proxy_url)
            manager: PoolManager = ProxyManager(proxy_url, proxy_headers=headers, **self._options)
        else:
            manager = PoolManager(**self._options)
        manager.pool_classes_by_scheme = POOLS
        self._managers[proxy_url] = manager
        return manager


def post(way: Way, headers: dict[str, str], body: bytes) -> Reply:
    """Send it. Raises what boto3 would raise."""
    try:
        answer = way.pool.urlopen(
            "POST",
            way.target,
            body=body,
            headers=headers,
            retries=_NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            decode_content=False,
        )
    except Exception as error:
        raise _as_botocore(error, way) from error
    return Reply(answer.status, answer.headers, answer.data or b"")


def _as_botocore(error: Exception, way: Way) -> BotoCoreError:
    kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), HTTPClientError)
    return kind(error=error, endpoint_url=way.url, proxy_url=mask_proxy_url(way.proxy_url))
