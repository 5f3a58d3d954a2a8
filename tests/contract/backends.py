"""What the contracts are checked on: in memory, on local_aws, on moto, and on answers made by hand."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, NamedTuple
from uuid import uuid4

from event_processor.aws.clients import Clients, Location
from event_processor.settings.loading import load
from event_processor.settings.submissions import SubmissionsSettings
from local_aws import Faults, LocalAws

MEMORY, LOCAL, MOTO = "memory", "local_aws", "moto"
NO_FAULTS = Faults()


def clients(endpoint: str) -> Clients:
    """The processor's own clients for this endpoint, with the transport that the environment says."""
    return Clients(Location(endpoint, "us-east-1"), load(SubmissionsSettings).aws_transport)


def new_name() -> str:
    """A name nobody else uses, in whatever process."""
    return f"contract-{uuid4()}"


def _one_request_at_a_time(handler: Any) -> None:
    """A transaction that moto cancels puts the tables back as they were, and with them what others wrote meanwhile."""
    call, lock = handler.call_action, threading.Lock()

    def called(self: Any) -> Any:
        with lock:
            return call(self)

    if call.__name__ != called.__name__:
        handler.call_action = called


@contextmanager
def moto() -> Iterator[str]:
    """The endpoint of moto."""
    from moto.dynamodb.responses import DynamoHandler  # noqa: PLC0415 - slow to import, and only some tests need it
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    _one_request_at_a_time(DynamoHandler)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def local(faults: Faults = NO_FAULTS) -> Iterator[str]:
    """The endpoint of local_aws."""
    with LocalAws(faults) as aws:
        yield aws.endpoint


class _Canned(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, answer: Callable[[bytes], bytes], *args: Any) -> None:
        self._answer = answer
        super().__init__(*args)

    def do_POST(self) -> None:
        body = self._answer(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nobody reads it."""


def canned_handler(answer: Callable[[bytes], bytes]) -> Callable[..., BaseHTTPRequestHandler]:
    """For a server that says 200 and this of whatever it is asked."""
    return partial(_Canned, answer)


def batch(fate: Callable[[Any], dict[str, Any] | None]) -> Callable[[Any], Any]:
    """For `canned`: the answer to a batch, from the fate of each entry: how it failed, {} for not, None for silence."""

    def answer(asked: Any) -> Any:
        fates = {entry["Id"]: fate(entry) for entry in asked["Entries"]}
        successful = [{"Id": name} for name, how in fates.items() if how == {}]
        return {"Successful": successful, "Failed": [{"Id": name, **how} for name, how in fates.items() if how]}

    return answer


@contextmanager
def canned(answer: Any) -> Iterator[str]:
    """The endpoint of a service that says 200 and this: JSON, bytes as they are, or what a function makes of a request.

    That function takes the request's JSON and returns the answer's.
    """

    def reply(asked: bytes) -> bytes:
        if isinstance(answer, bytes):
            return answer
        return json.dumps(answer(json.loads(asked)) if callable(answer) else answer).encode()

    with ThreadingHTTPServer(("127.0.0.1", 0), canned_handler(reply)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Arrived(NamedTuple):
    """A request as it came over the wire; header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


class Wire(ThreadingTCPServer):
    """A server that answers each request with the same bytes, then closes the connection, and tells what arrived."""

    daemon_threads = True

    def __init__(self, reply: bytes) -> None:
        self.reply = reply
        self.arrived: list[Arrived] = []
        self.closed = 0
        super().__init__(("127.0.0.1", 0), _OneRequest)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def endpoint(self) -> str:
        """As a URL."""
        return f"http://127.0.0.1:{self.port}"

    def shutdown_request(self, request: Any) -> None:
        """Count the connections that are closed."""
        super().shutdown_request(request)
        self.closed += 1


class _OneRequest(StreamRequestHandler):
    server: Wire

    def handle(self) -> None:
        head = list(iter(lambda: self.rfile.readline().decode("latin-1").rstrip("\r\n"), ""))
        if not head:
            return  # the client left without a word
        line, *lines = head
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.server.arrived.append(Arrived(line, headers, body))
        self.wfile.write(self.server.reply)


@contextmanager
def wire(reply: bytes) -> Iterator[Wire]:
    """A running one."""
    with Wire(reply) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def http_answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """The bytes of an HTTP answer; underscores in the headers' names stand for hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
