"""The HTTP server, asked over real sockets."""

import http.client
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from gzip import decompress
from http import HTTPStatus
from http.client import HTTPResponse
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from event_processor.errors import CallFailed, SettingsError
from event_processor.status.connections import Connections
from event_processor.status.http_messages import Answer
from event_processor.status.server import app, serve
from event_processor.status.submissions_health import submissions_health
from event_processor.telemetry.metrics import Metrics
from event_processor.telemetry.run_telemetry import CATALOGUE, RunTelemetry
from event_processor.testing import ManualClock
from tests.eventually import eventually

HOST = "127.0.0.1"


class Server:
    """A server on a port of its own."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.telemetry = RunTelemetry(Metrics(registry, CATALOGUE), ManualClock())
        self.health = submissions_health(self.telemetry, unfinished_limit_seconds=600)
        self.page: Callable[[], str] = lambda: "<h1>status</h1>"
        self.port = serve(HOST, 0, app(registry, self.health, {"/": lambda: self.page()}))  # noqa: PLW0108 - tests change it

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, content type and text."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.headers["Content-Type"], answer.read().decode()
        connection.close()
        return found

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[HTTPResponse, bytes]:
        """An answer with all its headers, and its body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def raw(self, sent: bytes) -> bytes:
        """All that comes back for these bytes until the server closes."""
        with self.client() as client:
            client.sendall(sent)
            return b"".join(iter(lambda: client.recv(65536), b""))

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
    server.telemetry.submissions.in_flight(3, 4)

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

    server.telemetry.steps.failing("put", CallFailed("put", "AccessDenied", "no"))
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
    with server.client() as client, server.client():
        client.sendall(sent)
        assert server.get("/livez")[0] == 200
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
        assert time.monotonic() - start < 15


def test_clients_that_do_not_read(server: Server) -> None:
    """Clients that ask again and again and never read an answer do not keep Prometheus out either."""
    with ExitStack() as clients:
        for _ in range(100):
            client = clients.enter_context(socket.create_connection((HOST, server.port), timeout=60))
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert server.get("/metrics")[0] == 200


SAFE = {
    "Cache-Control": "no-store",
    "Connection": "close",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PATHS = ["/", "/metrics", "/livez", "/readyz", "/nowhere"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "BREW"])
def test_every_answer_is_safe(server: Server, method: str, path: str) -> None:
    """Whatever is asked, a browser is told to keep, frame, guess and run nothing of the answer."""
    answer, _ = server.ask(method, path)

    assert {name: answer.headers[name] for name in SAFE} == SAFE
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "script" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PATHS)
def test_head(server: Server, path: str) -> None:
    """HEAD says what GET would say, the length included, and has no body."""
    got, body = server.ask("GET", path)
    answer, none = server.ask("HEAD", path)

    assert (answer.status, answer.headers["Content-Type"]) == (got.status, got.headers["Content-Type"])
    assert int(got.headers["Content-Length"]) == len(body)
    assert none == b""
    is_of_now = path == "/metrics"  # the process itself is in it
    assert is_of_now or answer.headers["Content-Length"] == got.headers["Content-Length"]
    assert int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize("path", PATHS[:-1])
def test_methods(server: Server, path: str) -> None:
    """A method that is not for reading is 405, and both that and OPTIONS say which are."""
    for method, status in (("OPTIONS", 204), ("POST", 405), ("PUT", 405), ("TRACE", 405), ("get", 405)):
        answer, _ = server.ask(method, path)
        assert (answer.status, answer.headers["Allow"]) == (status, "GET, HEAD, OPTIONS")


PLAIN = b"GET /livez HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (PLAIN + b"\r\n", 200),
        (b"\r\n\r\n" + PLAIN + b"\r\n", 200),
        (PLAIN.replace(b"\r\n", b"\n") + b"\n", 200),
        (b"GET /livez HTTP/1.0\r\n\r\n", 200),
        (b"GET http://somewhere:8000/livez?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /livez?a=%ff&b HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /%6civez HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET //livez HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /../livez HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET http://[::1/livez HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 204),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"CONNECT aws:443 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (PLAIN + b"Accept: */*;q=x\r\n\r\n", 200),
        (PLAIN + b"Accept: \xff\xc3\xa9\r\n\r\n", 200),
        (PLAIN + b"Accept: " + b"a/b," * 2048 + b"\r\n\r\n", 200),
        (PLAIN + b"X: " + b"x" * 20_000, 431),
        (b"GET /" + b"x" * 20_000, 431),
        (PLAIN + b"no colon\r\n\r\n", 400),
        (PLAIN + b"Content-Length: -1\r\n\r\n", 400),
        (PLAIN + b"Content-Length: 5\r\n\r\nhello", 200),
        (PLAIN + b"Transfer-Encoding: chunked\r\n\r\nnot a chunk\r\n", 200),
        (PLAIN + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 200),
        (PLAIN + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n", 200),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez\r\n\r\n", 400),
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /livez HTTP/9.9\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"\x00\xff" * 500, 400),
        (bytes(range(128, 256)) + b"\r\n\r\n", 400),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else str(value),
)
def test_odd_requests(server: Server, capfd: pytest.CaptureFixture[str], sent: bytes, status: int) -> None:
    """Each odd request has the answer HTTP has for it and a clean end, and nothing is written anywhere."""
    answer = server.raw(sent)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"X-Content-Type-Options: nosniff\r\n" in answer
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("size", [1, 5, 40])
def test_in_pieces(server: Server, size: int) -> None:
    """A request may come a few bytes at a time."""
    server.health.started(lambda: 0.0)
    with server.client() as client:
        for start in range(0, len(PLAIN), size):
            client.sendall(PLAIN[start : start + size])
        client.sendall(b"\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("rest", [PLAIN + b"\r\n", b"x" * 1_000_000], ids=["pipelined", "much more"])
def test_what_follows_a_request(server: Server, rest: bytes) -> None:
    """Whatever is sent behind a request, its one answer arrives whole: the connection is not reset under it."""
    with server.client() as client:
        client.sendall(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        with suppress(OSError):
            client.sendall(rest)
        answer = b"".join(iter(lambda: client.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 405 ")
    assert answer.endswith(b'{"error": "Method Not Allowed"}')
    assert answer.count(b"HTTP/1.1") == 1


def test_metrics_in_the_format_asked_for(server: Server) -> None:
    """Prometheus negotiates OpenMetrics and gzip, and may ask for some metrics by name."""
    server.telemetry.submissions.in_flight(3, 4)
    accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "Accept-Encoding": "gzip"}
    answer, body = server.ask("GET", "/metrics", accept)

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert decompress(body).endswith(b"# EOF\n")

    answer, body = server.ask("GET", "/metrics?name[]=event_processor_lanes_in_flight")
    assert [line for line in body.splitlines() if not line.startswith(b"#")] == [b"event_processor_lanes_in_flight 3.0"]


@pytest.mark.parametrize(
    "accept",
    ["*/*;q=x", "é", "application/openmetrics-text;version=é", "text/plain;version=1e9;=;;=;escaping=x", "a/b," * 2048],
    ids=lambda accept: accept[:40],
)
def test_metrics_for_whoever_asks_strangely(server: Server, accept: str) -> None:
    """An Accept header that says nothing is answered in the plain format."""
    answer, body = server.ask("GET", "/metrics", {"Accept": accept})

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"event_processor_lanes_in_flight" in body


def test_metrics_are_of_now(server: Server) -> None:
    """What is told before a scrape is in it, however short the last one was ago."""
    for lanes in range(1, 4):
        server.telemetry.submissions.in_flight(lanes, 0)
        assert f"event_processor_lanes_in_flight {lanes}.0" in server.get("/metrics")[2]


def test_probes_do_not_wait_for_the_page(server: Server) -> None:
    """While a page takes its time, and others wait for it, probes are answered; then all have the page."""
    ready, goes_on = threading.Event(), threading.Event()

    def slow() -> str:
        ready.set()
        assert goes_on.wait(60)
        return "<h1>late</h1>"

    server.page = slow
    server.health.started(lambda: 0.0)
    with ExitStack() as clients:
        readers = [clients.enter_context(server.client()) for _ in range(20)]
        for reader in readers:
            reader.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ready.wait(60)
        assert [server.get(path)[0] for path in ("/livez", "/readyz", "/nowhere")] == [200, 200, 404]
        goes_on.set()
        for reader in readers:
            assert b"".join(iter(partial(reader.recv, 65536), b"")).endswith(b"<h1>late</h1>")


def test_the_page_is_made_once_a_second(server: Server) -> None:
    """Any number of readers cost one page a second."""
    made = itertools.count()
    server.page = lambda: f"page {next(made)}"
    begun = time.monotonic()
    for _ in range(100):
        assert server.get("/")[0] == 200

    assert next(made) <= time.monotonic() - begun + 1


def test_verdicts_in_a_flood(server: Server) -> None:
    """A flood of probes is answered, and does not go through all that is held each time."""
    judged = itertools.count()
    server.health.started(lambda: float(next(judged) * 0))
    begun = time.monotonic()
    for _ in range(100):
        assert server.get("/livez")[0] == 200

    assert next(judged) <= 20 * (time.monotonic() - begun + 1)


def test_many_different_scrapes_at_once(server: Server) -> None:
    """Scrapes that all differ are made a few a second; who asks for too many is told to come again."""
    with ExitStack() as clients:
        asking = [clients.enter_context(server.client()) for _ in range(40)]
        for number, client in enumerate(asking):
            client.sendall(b"GET /metrics?x=%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
        answers = [b"".join(iter(partial(client.recv, 65536), b"")) for client in asking]

    assert {answer[9:12] for answer in answers} == {b"200", b"503"}
    assert all(b"\r\nRetry-After: 1\r\n" in answer for answer in answers if answer[9:12] == b"503")


def test_a_page_that_fails(server: Server) -> None:
    """A bug on the page is a 500 for its readers and nothing else: probes go on, and so does the next page."""
    server.page = lambda: str(1 // 0)
    assert server.get("/")[0] == 500
    assert server.get("/metrics")[0] == 200

    server.page = lambda: "<h1>fixed</h1>"
    assert server.get("/")[2] == "<h1>fixed</h1>"


def test_a_verdict_that_fails(server: Server) -> None:
    """A bug in a verdict costs the one who asked his answer, and nobody else."""

    def broken() -> float:
        raise ValueError

    server.health.started(broken)
    assert server.raw(PLAIN + b"\r\n") == b""
    assert server.get("/readyz")[0] == 200


def test_clients_that_are_too_slow() -> None:
    """Who has not sent a request in time is told so; who does not read the answer is let go."""
    listener = socket.create_server((HOST, 0))
    large = Answer(HTTPStatus.OK, body=b"x" * 50_000_000)
    connections = Connections(listener, lambda _: large, client_seconds=0.3)
    threading.Thread(target=connections.run, daemon=True).start()
    with socket.create_connection(listener.getsockname(), timeout=30) as slow:
        slow.sendall(PLAIN)
        assert slow.recv(65536).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    with socket.create_connection(listener.getsockname(), timeout=30) as deaf:
        deaf.sendall(PLAIN + b"\r\n")
        eventually(lambda: connections.clients == 0, "the client that does not read to be let go")


def test_port_taken(server: Server) -> None:
    """A port that is taken is a wrong setting, and said so in one line."""
    with pytest.raises(
        SettingsError, match=f"^METRICS_PORT: was {server.port} on {HOST}; cannot listen there: Address already in use$"
    ):
        serve(HOST, server.port, app(CollectorRegistry(), server.health, {}))


def test_host_unknown(server: Server) -> None:
    """An address that is not ours is a wrong setting too."""
    with pytest.raises(SettingsError, match=r"^METRICS_PORT: was 0 on 192\.0\.2\.1"):
        serve("192.0.2.1", 0, app(CollectorRegistry(), server.health, {}))


def test_descriptors_are_left_for_the_work() -> None:
    """Where few files may be open, connections take a quarter of them at most, and probes are answered all the same."""
    program = (
        "import resource, socket; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "from http import HTTPStatus\n"
        "from event_processor.status.connections import Connections\n"
        "from event_processor.status.http_messages import Answer\n"
        f"listener = socket.create_server(('{HOST}', 0), backlog=1024)\n"
        "connections = Connections(listener, lambda _: Answer(HTTPStatus.OK, body=b'alive'))\n"
        "print(listener.getsockname()[1], flush=True)\n"
        "connections.run()\n"
    )
    with ExitStack() as clients:
        process = clients.enter_context(subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE))
        clients.callback(process.kill)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        for _ in range(200):
            client = clients.enter_context(socket.create_connection((HOST, port), timeout=30))
            with suppress(OSError):  # it had to make room already
                client.sendall(PLAIN)
        with socket.create_connection((HOST, port), timeout=30) as probe:
            probe.sendall(PLAIN + b"\r\n")
            assert b"".join(iter(lambda: probe.recv(65536), b"")).endswith(b"alive")
        assert len(list(Path(f"/proc/{process.pid}/fd").iterdir())) <= 16 + 10
