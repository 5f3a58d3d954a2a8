"""The HTTP server, asked over real sockets."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from prometheus_client import CollectorRegistry

from event_processor.errors import CallFailed, SettingsError
from event_processor.observability.health import Health
from event_processor.observability.metrics import Metrics
from event_processor.observability.server import app, serve
from event_processor.observability.telemetry import Telemetry
from event_processor.testing import ManualClock

HOST = "127.0.0.1"


class Server:
    """A server on a port of its own."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.telemetry = Telemetry(Metrics(registry), ManualClock())
        self.health = Health(self.telemetry, unfinished_limit_seconds=600)
        self.port = serve(HOST, 0, app(registry, self.health, lambda: "<h1>status</h1>"))

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, content type and text."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.headers["Content-Type"], answer.read().decode()
        connection.close()
        return found

    @contextmanager
    def client(self) -> Iterator[socket.socket]:
        """A client that speaks for itself."""
        with socket.create_connection((HOST, self.port), timeout=60) as client:
            yield client


@pytest.fixture
def server() -> Server:
    """Running, of a process that just started."""
    return Server()


def test_metrics(server: Server) -> None:
    """Prometheus gets the metrics in its own format."""
    server.telemetry.in_flight(3, 4)

    status, content_type, text = server.get("/metrics")

    assert (status, content_type.split(";")[0]) == (200, "text/plain")
    assert "event_processor_lanes_in_flight 3.0" in text


def test_live(server: Server) -> None:
    """Liveness is 200, and 503 with a reason while something is unfinished for too long."""
    oldest_seconds = [0.0]
    server.health.started(lambda: oldest_seconds[0])
    status, _, text = server.get("/livez")
    assert (status, json.loads(text)) == (200, {"ok": True, "reasons": []})

    oldest_seconds[0] = 601.0
    status, content_type, text = server.get("/livez")

    assert (status, content_type) == (503, "application/json")
    assert json.loads(text) == {"ok": False, "reasons": ["a submission is unfinished for 601 s, over 600 s"]}


def test_ready(server: Server) -> None:
    """Readiness is 503 with its reasons until the loop runs and the stream can be reached."""
    assert json.loads(server.get("/readyz")[2])["reasons"] == ["starting"]

    server.health.started(lambda: 0.0)
    assert server.get("/readyz")[0] == 200

    server.telemetry.failing("put", CallFailed("put", "AccessDenied", "no"))
    status, _, text = server.get("/readyz")
    assert (status, json.loads(text)["reasons"]) == (503, ["put fails: put: AccessDenied: no"])


def test_status_page(server: Server) -> None:
    """People who open the port in a browser get a page."""
    assert server.get("/") == (200, "text/html; charset=utf-8", "<h1>status</h1>")


@pytest.mark.parametrize("path", ["/favicon.ico", "/metrics/", "/livez/x", "/%00"])
def test_not_found(server: Server, path: str) -> None:
    """Any other path is 404 and says which there are."""
    status, _, text = server.get(path)

    assert status == 404
    assert set(json.loads(text)["paths"]) >= {"/metrics", "/livez", "/readyz"}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET",
        b"\x16\x03\x01\x02\x00",
        b"GARBAGE\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"x" * 70_000,
        b"\r\n" * 50,
    ],
    ids=["nothing", "half a word", "TLS", "one word", "no such version", "an endless line", "empty lines"],
)
def test_rude_clients(server: Server, capfd: pytest.CaptureFixture[str], sent: bytes) -> None:
    """Clients that send nothing or garbage, and stay, hold nobody up and are not worth a traceback."""
    with server.client() as client, server.client() as silent:
        client.sendall(sent)
        assert server.get("/livez")[0] == 200
        assert silent.fileno() > 0
    assert server.get("/livez")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_scrapes_are_no_news(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    """A request leaves no log line."""
    server.get("/metrics")
    server.get("/nowhere")

    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("said", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nX: "])
def test_many_at_once(server: Server, said: bytes) -> None:
    """Five hundred clients that never finish a request do not keep Prometheus out, and cost a few threads only."""
    threads = threading.active_count()
    with ExitStack() as clients:
        for _ in range(500):
            client = clients.enter_context(socket.create_connection((HOST, server.port), timeout=60))
            with suppress(OSError):  # it had to make room already
                client.sendall(said)
        assert threading.active_count() <= threads + 32
        start = time.monotonic()
        assert server.get("/metrics")[0] == 200
        assert time.monotonic() - start < 5


def test_clients_that_do_not_read(server: Server) -> None:
    """Clients that ask again and again and never read an answer do not keep Prometheus out either."""
    with ExitStack() as clients:
        for _ in range(100):
            client = clients.enter_context(socket.create_connection((HOST, server.port), timeout=60))
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert server.get("/metrics")[0] == 200


def test_port_taken(server: Server) -> None:
    """A port that is taken is a wrong setting, and said so in one line."""
    with pytest.raises(
        SettingsError, match=f"^METRICS_PORT: was {server.port} on {HOST}; cannot listen there: [^\n]*$"
    ):
        serve(HOST, server.port, app(CollectorRegistry(), server.health, str))


def test_host_unknown(server: Server) -> None:
    """An address that is not ours is a wrong setting too."""
    with pytest.raises(SettingsError, match=r"^METRICS_PORT: was 0 on 192\.0\.2\.1"):
        serve("192.0.2.1", 0, app(CollectorRegistry(), server.health, str))
