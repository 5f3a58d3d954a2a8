"""moto with somebody at its door who writes down which permission each call needs."""

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/")
_IN_TRANSACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_OBJECTS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}

Answer = Callable[[dict[str, Any], Any], Iterable[bytes]]


class WatchedMoto:
    """`needed` is what the calls so far had to be allowed."""

    def __init__(self, answer: Answer) -> None:
        self.needed: set[str] = set()
        self.endpoint = ""
        self._answer = answer

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """WSGI."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        self.needed |= set(_actions(environ, body))
        return self._answer(environ, start_response)

    @contextmanager
    def expecting(self, actions: set[str]) -> Iterator[None]:
        """Inside, all of these are needed and no others."""
        self.needed.clear()
        yield
        assert self.needed == actions


def _actions(environ: dict[str, Any], body: bytes) -> Iterator[str]:
    signed_for = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if not signed_for:
        return
    service = signed_for[1]
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or _by_form(body)
    if service == "s3":
        is_bucket = environ["PATH_INFO"].strip("/").count("/") == 0
        yield "s3:ListBucket" if is_bucket else _OBJECTS[environ["REQUEST_METHOD"]]
    elif operation == "TransactWriteItems":  # "permissions are those of the operations that are in it"
        yield from (f"dynamodb:{_IN_TRANSACTIONS[kind]}" for item in json.loads(body)["TransactItems"] for kind in item)
    else:
        batch = service == "sqs"  # DynamoDB's batches have actions of their own
        yield f"{service}:{operation.removesuffix('Batch') if batch else operation}"


def _by_form(body: bytes) -> str:
    return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]


@contextmanager
def watched_moto() -> Iterator[WatchedMoto]:
    """Listening, with nothing in it: moto keeps what there is for as long as a process."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415 - slow to import
    from werkzeug.serving import make_server  # noqa: PLC0415

    watched = WatchedMoto(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, watched, threaded=True)
    watched.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with urlopen(Request(f"{watched.endpoint}/moto-api/reset", method="POST"), timeout=60):  # noqa: S310 - ours
        pass
    yield watched
    server.shutdown()
    thread.join(30)
    server.server_close()
