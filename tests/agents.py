"""Services on loopback that hand out credentials, and that can be told to misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, bytes]


def issued(seconds: float, **changed: Any) -> Reply:
    """Credentials that expire in so many seconds, as a container's or an instance's agent words them."""
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    answer = {"AccessKeyId": "AKIDTEST", "SecretAccessKey": "secret", "Token": "token"}
    answer |= {"Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}", "Code": "Success"} | changed
    return 200, json.dumps(answer).encode()


def assumed(seconds: float) -> Reply:
    """STS's answer to AssumeRoleWithWebIdentity."""
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    return 200, (
        '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AKIDTEST</AccessKeyId>"
        "<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>"
        f"<Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
        "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><AssumedRoleId>A:s</AssumedRoleId>"
        "</AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    ).encode()


class Agent(ThreadingHTTPServer):
    """Answers each request, whatever it is, with what `reply` makes of its path at that moment."""

    daemon_threads = True

    def __init__(self, reply: Callable[[str], Reply], port: int = 0) -> None:
        self.reply = reply
        self.asked = 0
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that did not wait for its answer is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked += 1
        status, body = self.server.reply(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.do_POST()

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nobody reads it."""


@contextmanager
def agent(reply: Callable[[str], Reply], port: int = 0) -> Iterator[Agent]:
    """A running one."""
    with Agent(reply, port) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def instance_metadata(credentials: Callable[[], Reply]) -> Callable[[str], Reply]:
    """An EC2 instance's metadata service: a token, the role's name, its credentials."""

    def reply(path: str) -> Reply:
        if path == "/latest/api/token":
            return 200, b"session"
        if path.endswith("/security-credentials/"):
            return 200, b"role"
        return credentials()

    return reply
