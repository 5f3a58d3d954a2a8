"""A server between a client and an emulator, which may make another answer of the real one."""

import http.client
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.bent import Reply, Request, plain

Bend = Callable[[Request, str, bytes], Reply]


def sound(_request: Request, status: str, body: bytes) -> Reply:
    """The answer as it came."""
    return Reply(plain(body, status))


class Between:
    """Answers for `bending`: passes requests on to `endpoint`, and gives each answer to `bend`, with its status."""

    def __init__(self, endpoint: str, bend: Bend = sound) -> None:
        self.bend = bend
        self._address = urlsplit(endpoint).netloc

    def __call__(self, request: Request) -> Reply:
        """Ask the emulator."""
        upstream = http.client.HTTPConnection(self._address, timeout=60)
        upstream.request("POST", "/", request.body, request.headers)
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        return self.bend(request, f"{answer.status} {answer.reason}", body)
