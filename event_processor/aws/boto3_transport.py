"""boto3's clients on our own connections, so that one rule holds for both transports: see network.reply.

What botocore's parser fails on, or takes for an empty answer, is passed on unchanged: the readers judge it.
"""

import threading
from functools import partial
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ClientError

from event_processor.aws.answer_fields import MalformedAnswer
from event_processor.aws.network.http import Network, Route, head_of, post
from event_processor.aws.network.reply import Reply

_OURS = frozenset({"content-length", "transfer-encoding"})  # headers that `post` sees to


class _Body:
    """What AWSResponse reads the body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


class _Call(threading.local):
    reply: Reply | None = None


class CheckedClient:
    """A boto3 client; its methods raise what boto3 raises, and MalformedAnswer."""

    def __init__(self, client: Any, network: Network) -> None:
        self._client, self._network = client, network
        self._routes: dict[str, Route] = {}
        self._call = _Call()
        client.meta.events.register("before-send", self._send)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name in self._client.meta.method_to_api_mapping:
            found = partial(self._make, found)
            setattr(self, name, found)
        return found

    def _make(self, method: Any, *args: Any, **request: Any) -> Any:
        self._call.reply = None
        try:
            return method(*args, **request)
        except (ClientError, BotoCoreError):
            raise
        except Exception as error:
            reply = self._call.reply
            if reply is None:
                raise  # before there was an answer: not its fault
            if reply.status == 200:
                return reply.document
            raise MalformedAnswer(f"{reply.status}, {type(error).__name__} while its error was read") from error
        finally:
            self._call.reply = None

    def _send(self, request: AWSPreparedRequest, event_name: str = "", **_: Any) -> AWSResponse:
        """In place of botocore's own sending, as its event `before-send.SERVICE.OPERATION` allows."""
        url, operation = request.url, event_name.rpartition(".")[2]
        route = self._routes.get(url) or self._routes.setdefault(url, self._network.route_to(url))
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() not in _OURS}
        body: Any = request.body or b""  # bytes, of every operation in AWS JSON
        returns_nothing = self._client.meta.service_model.operation_model(operation).output_shape is None
        reply = post(route, head_of(route, {"host": route.host, **headers}), body, returns_nothing)
        self._call.reply = reply
        said: Any = reply.headers  # any mapping will do
        return AWSResponse(url, reply.status, said, _Body(reply.body))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
