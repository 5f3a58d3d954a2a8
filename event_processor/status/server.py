"""The small HTTP server: /metrics for Prometheus, /livez and /readyz for the orchestrator, / for people."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from prometheus_client import CollectorRegistry, make_wsgi_app

from event_processor.errors import SettingsError
from event_processor.status.connections import Connections, Respond
from event_processor.status.documents import Documents
from event_processor.status.health import Health, Verdict
from event_processor.status.http_messages import Answer, More, Request

_PAGE_MAX_AGE_SECONDS: Final = 1.0
_METRICS_MAX_AGE_SECONDS: Final = 0.0  # whoever scrapes gets what was so after the question
_JUDGED_A_SECOND: Final = 20
_BACKLOG: Final = 1024  # connections that may wait to be accepted: a burst of them keeps no probe from connecting
_ALLOW: Final = (("Allow", "GET, HEAD, OPTIONS"),)
_NOT_ALLOWED: Final = Answer(HTTPStatus.METHOD_NOT_ALLOWED, body=b'{"error": "Method Not Allowed"}', headers=_ALLOW)
_OPTIONS: Final = Answer(HTTPStatus.NO_CONTENT, headers=_ALLOW)

Made = Answer | Future[Answer] | More


class _Verdicts:
    """Health verdicts as answers. Judging walks through all that is held: twenty times a second at most."""

    def __init__(self, judge: Callable[[], Verdict], *told: str) -> None:
        self._judge, self._told = judge, told
        self._second, self._judged = 0.0, 0
        self._answer = _NOT_ALLOWED

    def __call__(self, _request: Request) -> Answer:
        now = time.monotonic()
        if now - self._second >= 1:
            self._second, self._judged = now, 0
        if self._judged < _JUDGED_A_SECOND:
            self._judged += 1
            verdict = self._judge()
            status = HTTPStatus.OK if verdict.ok else HTTPStatus.SERVICE_UNAVAILABLE
            told = {name: getattr(verdict, name) for name in self._told}
            self._answer = Answer(status, body=json.dumps(told).encode())
        return self._answer


def app(
    registry: CollectorRegistry,
    health: Health,
    pages: Mapping[str, Callable[[], str]],
    others: Callable[[Request], Made | None] = lambda _: None,
) -> Respond:
    """What answers: metrics, liveness, readiness, and pages for people by their paths. `others` is whatever else.

    Liveness and readiness are answered at once; pages and metrics are made in a thread of their own, a few times a
    second at most, and a page at most once a second.
    """
    documents = Documents()
    metrics = make_wsgi_app(registry)

    def page(path: str, _request: Request) -> Made:
        return documents.get(path, lambda: _page(pages[path]()), _PAGE_MAX_AGE_SECONDS)

    def scrape(request: Request) -> Made:
        asked = request.accept, request.accept_encoding, request.query
        return documents.get(asked, partial(_scrape, metrics, *asked), _METRICS_MAX_AGE_SECONDS)

    paths: dict[str, Callable[[Request], Made]] = {
        **{path: partial(page, path) for path in pages},
        "/metrics": scrape,
        "/livez": _Verdicts(health.live, "ok", "reasons"),
        "/readyz": _Verdicts(health.ready, "ok", "reasons", "warnings"),
    }
    not_found = Answer(HTTPStatus.NOT_FOUND, body=json.dumps({"paths": list(paths)}).encode())

    def respond(request: Request) -> Made:
        if (other := others(request)) is not None:
            return other
        answer = paths.get(request.path)
        if request.method == "OPTIONS" and (answer or request.path == "*"):
            return _OPTIONS
        if answer is None:
            return not_found
        return answer(request) if request.method in {"GET", "HEAD"} else _NOT_ALLOWED

    return respond


def serve(host: str, port: int, respond: Respond) -> int:
    """Serve from a daemon thread for as long as the process lives; returns the port, which port 0 leaves to the system.

    Raises SettingsError if the address cannot be had.
    """
    listener = listen("METRICS_PORT", host, port, _BACKLOG)
    threading.Thread(target=Connections(listener, respond).run, name="metrics", daemon=True).start()
    return int(listener.getsockname()[1])


def listen(variable: str, host: str, port: int, backlog: int | None = None) -> socket.socket:
    """Raises SettingsError, which names the setting of the port, if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except (OSError, OverflowError) as error:
        # create_server adds its arguments to what the system says
        number = error.errno if isinstance(error, OSError) else None
        why = os.strerror(number) if number and number > 0 else str(error)
        raise SettingsError(f"{variable}: was {port} on {host}; cannot listen there: {why}") from error


def _page(text: str) -> Answer:
    return Answer(HTTPStatus.OK, "text/html; charset=utf-8", text.encode())


def _scrape(metrics: Callable[..., Iterable[bytes]], accept: str, accept_encoding: str, query: str) -> Answer:
    """In the format the scraper asks for; in the plain one if prometheus_client makes nothing of what it asks for."""
    try:
        return _wsgi(metrics, HTTP_ACCEPT=accept, HTTP_ACCEPT_ENCODING=accept_encoding, QUERY_STRING=query)
    except Exception:  # noqa: BLE001 - a version "é" ends in a TypeError there; what truly fails does so again below
        return _wsgi(metrics, QUERY_STRING="")


def _wsgi(metrics: Callable[..., Iterable[bytes]], **environ: str) -> Answer:
    found: dict[str, str] = {}

    def start_response(_status: str, headers: list[tuple[str, str]]) -> Any:
        found.update(headers)

    body = b"".join(metrics({"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics", **environ}, start_response))
    content_type = found.pop("Content-Type")
    return Answer(HTTPStatus.OK, content_type, body, tuple(found.items()))
