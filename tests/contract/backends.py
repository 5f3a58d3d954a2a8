"""What the contracts of the ports are checked on: in memory, on local_aws, on moto, and on answers made by hand."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from event_processor.aws.clients import Clients, Connection
from local_aws import Faults, LocalAws

MEMORY, LOCAL, MOTO = "memory", "local_aws", "moto"
NO_FAULTS = Faults()


def clients(endpoint: str) -> Clients:
    """The processor's own clients for this endpoint."""
    return Clients(Connection(endpoint, "us-east-1"))


def new_name() -> str:
    """A name nobody else uses, in whatever process."""
    return f"contract-{uuid4()}"


@contextmanager
def moto() -> Iterator[str]:
    """The endpoint of moto."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - slow to import, and only some of the tests need it

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

    def __init__(self, body: bytes, *args: Any) -> None:
        self._body = body
        super().__init__(*args)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self._body)))
        self.end_headers()
        self.wfile.write(self._body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nobody reads it."""


@contextmanager
def canned(answer: Any) -> Iterator[str]:
    """The endpoint of a service that says 200 and this to whatever it is asked: JSON, or bytes as they are."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Canned, body)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
