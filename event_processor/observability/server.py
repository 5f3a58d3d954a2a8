"""The small HTTP server: /metrics for Prometheus, /livez and /readyz for the orchestrator, / for people."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from event_processor.errors import SettingsError
from event_processor.observability.health import Health, Verdict

_CLIENT_SECONDS: Final = 10
_MOST_CLIENTS: Final = 32
_JSON: Final = ("Content-Type", "application/json")

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class _Handler(WSGIRequestHandler):
    timeout = _CLIENT_SECONDS  # a client that sends nothing holds its thread no longer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Scrapes are not news."""


class _Server(ThreadingWSGIServer):
    """A thread for each client, and never more than so many: who came first makes room for who comes next.

    So any number of clients that say nothing, or little by little, cost a fixed number of threads and descriptors, and
    do not keep Prometheus out.
    """

    daemon_threads = True
    request_queue_size = 1024  # with the default of 5 a few rude clients make the next probe wait a second to connect

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._slots = threading.BoundedSemaphore(_MOST_CLIENTS)
        self._clients: dict[Any, None] = {}  # connections, the oldest first
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            self._end_oldest()
            self._slots.acquire()
        with self._lock:
            self._clients[request] = None
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._clients.pop(request, None)
            self._slots.release()

    def _end_oldest(self) -> None:
        """Its thread reads the end of the connection, or fails to write, and is done."""
        with self._lock:
            oldest = next(iter(self._clients), None)
            if oldest is not None:
                del self._clients[oldest]
        if oldest is not None:
            with contextlib.suppress(OSError):  # it is ending by itself
                oldest.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or never spoke HTTP, is not news either."""


def app(registry: CollectorRegistry, health: Health, status_page: Callable[[], str]) -> WsgiApp:
    """What answers: metrics, liveness, readiness, and a page that shows them."""
    metrics: WsgiApp = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        match environ.get("PATH_INFO"):
            case "/metrics":
                return metrics(environ, start_response)
            case "/livez":
                return _verdict(health.live(), start_response)
            case "/readyz":
                return _verdict(health.ready(), start_response)
            case "/":
                start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
                return [status_page().encode()]
        start_response("404 Not Found", [_JSON])
        return [b'{"paths": ["/", "/metrics", "/livez", "/readyz"]}']

    return answer


def serve(host: str, port: int, application: WsgiApp) -> int:
    """Serve from a daemon thread for as long as the process lives; returns the port, which port 0 leaves to the system.

    Raises SettingsError if the address cannot be had.
    """
    server_class = type("_Server", (_Server,), {"address_family": _family(host)})
    try:
        server: WSGIServer = make_server(host, port, application, server_class, _Handler)
    except (OSError, OverflowError) as error:
        raise SettingsError(f"METRICS_PORT: was {port} on {host}; cannot listen there: {error}") from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_port)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _verdict(verdict: Verdict, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK" if verdict.ok else "503 Service Unavailable", [_JSON])
    return [json.dumps({"ok": verdict.ok, "reasons": verdict.reasons}).encode()]
