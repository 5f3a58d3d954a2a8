"""Traces of a real process, as a collector gets them; and a process that has, or wants, no OpenTelemetry at all."""

import contextlib
import os
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from local_aws import LocalAws
from tests.eventually import eventually
from tests.system.processes import QUICK, Emulator, Processor
from tests.unit import samples

TRACE, PARENT = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
W3C = {"traceparent": {"DataType": "String", "StringValue": f"00-{TRACE}-{PARENT}-01"}}
XRAY = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={PARENT};Sampled=1"
WITHOUT_THE_EXTRA = """
import sys
sys.modules["opentelemetry"] = None
from event_processor.commands.main import main
main(prog_name="x")
"""


class Collector(ThreadingHTTPServer):
    """Takes traces as any OTLP collector does; `mute`, it takes them and never answers."""

    daemon_threads = True

    def __init__(self, mute: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[ExportTraceServiceRequest] = []
        self.paths: set[str] = set()
        self.asked, self.over = threading.Event(), threading.Event()
        self.mute = mute

    @property
    def endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self, operation: str) -> list[Span]:
        """The spans of one operation."""
        found = [
            span
            for request in list(self.requests)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return [span for span in found if span.name.split()[0] == operation]

    def resource(self) -> dict[str, str]:
        """Who sent the spans."""
        attributes = self.requests[0].resource_spans[0].resource.attributes
        return {attribute.key: attribute.value.string_value for attribute in attributes}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """One batch of spans."""
        collector = self.server
        assert isinstance(collector, Collector)
        collector.asked.set()
        request = ExportTraceServiceRequest()
        request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
        collector.requests.append(request)
        collector.paths.add(self.path)
        if collector.mute:
            collector.over.wait(60)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silent."""


@contextmanager
def collecting(mute: bool = False) -> Iterator[Collector]:
    """A collector, for as long as this lasts."""
    collector = Collector(mute)
    thread = threading.Thread(target=collector.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield collector
    finally:
        collector.over.set()
        collector.shutdown()
        thread.join()
        collector.server_close()


@pytest.mark.parametrize(
    "context",
    [
        {"MessageAttributes": W3C},
        {"MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": XRAY}}},
    ],
)
def test_a_collector_gets_the_trace(tmp_path: Path, context: dict[str, dict[str, dict[str, str]]]) -> None:
    """With the standard variable set, a submission sent in a trace, W3C or X-Ray, shows up as part of that trace."""
    with collecting() as collector, Emulator(tmp_path) as aws:
        aws.provision()
        url = aws.sqs.get_queue_url(QueueName="submissions")["QueueUrl"]
        aws.sqs.send_message(QueueUrl=url, MessageBody=samples.in_base64(samples.body()), **context)  # type: ignore[arg-type]
        with Processor(tmp_path, aws.endpoint, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint) as processor:
            processor.wait_for("submissions_deleted_total", 1)
            assert processor.terminate() == 0

    [span] = collector.spans("process")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert {link.span_id for link in span.links} == {
        other.span_id for other in collector.spans("receive") + collector.spans("send")
    }
    assert collector.paths == {"/v1/traces"}
    assert collector.resource()["service.name"] == "event-processor"


def test_a_collector_that_hangs(tmp_path: Path) -> None:
    """A collector that never answers costs traces, not work, and holds up a stop for two seconds at most."""
    with collecting(mute=True) as collector, Emulator(tmp_path) as aws:
        aws.provision()
        patient = {"OTEL_EXPORTER_OTLP_TIMEOUT": "60", "OTEL_BSP_SCHEDULE_DELAY": "50"}
        tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, **patient}
        with Processor(tmp_path, aws.endpoint, **tracing) as processor:
            aws.send(*[samples.body() for _ in range(20)])
            processor.wait_for("submissions_deleted_total", 20)
            assert collector.asked.wait(60)
            start = time.monotonic()
            assert processor.terminate() == 0

    assert time.monotonic() - start < 30


class Rude(socketserver.ThreadingTCPServer):
    """What somebody took for a collector: it says the same bytes to each request, then ends or sends drop by drop."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: bytes, trickles: bool) -> None:
        super().__init__(("127.0.0.1", 0), _RudeHandler)
        self.answer, self.trickles = answer, trickles
        self.asked, self.over = threading.Event(), threading.Event()


class _RudeHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Rude)
        self.request.recv(65536)
        server.asked.set()
        with contextlib.suppress(OSError):
            self.request.sendall(server.answer)
            while server.trickles and not server.over.wait(0.1):
                self.request.sendall(b" ")


@pytest.mark.parametrize(
    ("answer", "trickles"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Log in</h1>", False),
        (b"SSH-2.0-OpenSSH_9.6\r\n", False),
        (b"", False),
        (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", True),
    ],
    ids=["a login page", "no HTTP", "hangs up", "come back in an hour", "drop by drop"],
)
def test_what_is_no_collector(tmp_path: Path, answer: bytes, trickles: bool) -> None:
    """Whatever answers in place of a collector costs traces, not work, and does not keep the process from its end."""
    with Rude(answer, trickles) as rude, Emulator(tmp_path) as aws:
        threading.Thread(target=rude.serve_forever, daemon=True).start()
        aws.provision()
        endpoint = f"http://127.0.0.1:{rude.server_address[1]}"
        tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}
        with Processor(tmp_path, aws.endpoint, **tracing) as processor:
            aws.send(*[samples.body() for _ in range(20)])
            processor.wait_for("submissions_deleted_total", 20)
            assert rude.asked.wait(60)
            assert processor.terminate() == 0
            assert all(line.startswith("{") for line in processor.errors.splitlines())
        rude.over.set()
        rude.shutdown()


def test_no_collector(tmp_path: Path) -> None:
    """Without a collector the work is done, and what the log says of it is JSON like everything else."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_SCHEDULE_DELAY": "50"}
        with Processor(tmp_path, aws.endpoint, **tracing) as processor:
            aws.send(samples.body())
            processor.wait_for("submissions_deleted_total", 1)
            eventually(lambda: "opentelemetry" in processor.errors, "the exporter to complain")
            assert processor.terminate() == 0
            assert all(line.startswith("{") for line in processor.errors.splitlines())


def without_the_extra(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A command where OpenTelemetry cannot be imported, as after a plain `pip install`."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA, *arguments],
        env={**os.environ, **QUICK, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_asked_for_but_not_installed() -> None:
    """Traces asked for without the extra are one line that says what to install, and exit code 2."""
    done = without_the_extra("run", AWS_REGION="eu-west-1", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")

    *_, line = done.stderr.splitlines()
    assert done.returncode == 2
    assert "event-processor[otel]" in line
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in line
    assert "Traceback" not in done.stderr


def test_works_without_the_extra(aws: LocalAws) -> None:
    """A plain installation needs no OpenTelemetry, and tracing that is switched off by name does not either."""
    done = without_the_extra("provision", AWS_ENDPOINT_URL=aws.endpoint)
    assert done.returncode == 0, done.stderr

    for environment in ({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}):
        checked = without_the_extra("check", AWS_ENDPOINT_URL=aws.endpoint, **environment)

        assert checked.returncode == 0, checked.stderr
        assert "fit to run" in checked.stdout


def test_off_means_not_even_loaded(tmp_path: Path) -> None:
    """Without the variables a process at work has not loaded OpenTelemetry, though it is installed here."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint) as processor:
            aws.send(samples.body())
            processor.wait_for("submissions_deleted_total", 1)
            opened = Path(f"/proc/{processor.pid}/maps").read_text()

    assert "site-packages" in opened
    assert "google/_upb" not in opened  # protobuf's library, which the exporter needs
