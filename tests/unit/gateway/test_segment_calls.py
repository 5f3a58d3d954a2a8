"""Segment's tracking API, without a process around it."""

import asyncio
import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from math import inf
from typing import Any, Final

import pytest
from starlette.types import Message

from event_processor.gateway.carrying import Carrying
from event_processor.gateway.doorkeeper import Doorkeeper
from event_processor.gateway.http import Door
from event_processor.gateway.keys import Key, Keys, hash_of
from event_processor.testing import MemoryRejects
from tests.gateways import Scene

WRITE_KEY: Final = "wk-5qJ0pXb2vN8sR4tY7uZ1"
DONE = (HTTPStatus.OK, {"success": True})
YEARS_SECONDS = 50 * 365 * 86400


def key(name: str, secret: str, segment: str | None, rate: float = inf) -> Key:
    """Of the file of keys."""
    return Key(name, hash_of(secret), frozenset({"people"}), rate, segment)


KEYS = Keys(
    [key("shop", WRITE_KEY, "people"), key("other", "no write key", None), key("slow", "slow", "people", rate=1)]
)


class Calls:
    """A door for one stream, of which the contract wants an integer `age`."""

    def __init__(self, keys: Keys | None = KEYS, most_records: int = 1000, is_stale: bool = False) -> None:
        self.scene = Scene(most_records=most_records)
        if not is_stale:  # the registry is read when the requests come, or after it
            self.scene.clock.advance(YEARS_SECONDS)
            self.scene.contracts.read()
        self.rejects = MemoryRejects()
        scene = self.scene
        self._carrying = Carrying(scene.gateway, {"people": scene.stream}, self.rejects, scene.observer)
        self._app = Door(self._carrying, Doorkeeper(keys), scene.observer).app()

    def post(self, path: str, body: Any, user: str = "", **headers: str) -> tuple[int, Any]:
        """What one call is answered."""
        [answer] = self.post_all([(path, body)], user, **headers)
        return answer

    def post_all(self, calls: list[tuple[str, Any]], user: str = "", **headers: str) -> list[tuple[int, Any]]:
        """What these are answered, one after the other."""
        if user:
            headers["authorization"] = "Basic " + b64encode(f"{user}:".encode()).decode()

        async def run() -> list[tuple[int, Any]]:
            carrying = asyncio.create_task(self._carrying.run())
            answers = [await self._post(path, _bytes(body), headers) for path, body in calls]
            carrying.cancel()
            await asyncio.wait([carrying])
            return answers

        return asyncio.run(run())

    @property
    def published(self) -> list[bytes]:
        """In the order of the stream."""
        return [each.record.data for each in self.scene.stream.stored]

    async def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Any]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        heads = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": path, "headers": heads, "query_string": b"", "client": None}
        await self._app(scope, receive, send)
        return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def test_every_path_of_a_call() -> None:
    """Under /v1 by its name, with a slash, and by its first letter, which may stand alone: the path says the type."""
    types = ["page", "track", "identify", "screen", "group", "alias"]
    paths = ["/v1/{}", "/v1/{}/", "/v1/{:.1}", "/{:.1}"]
    calls = Calls()

    answers = calls.post_all([(path.format(name), {"id": name}) for path in paths for name in types], WRITE_KEY)

    assert answers == [DONE] * len(paths) * len(types)
    assert [json.loads(data) for data in calls.published] == [{"id": name, "type": name} for name in types] * len(paths)


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/b", "/v1/import", "/v1/import/", "/v1/batch/"])
def test_every_path_of_a_batch(path: str) -> None:
    """As clients of today and of yesterday send it; compressed, and called text."""
    calls = Calls()
    body = gzip.compress(_bytes({"batch": [{"name": "ada"}, {"name": "ada", "n": 2}], "writeKey": WRITE_KEY}))

    assert calls.post(path, body, content_encoding="gzip", content_type="text/plain") == DONE
    assert calls.published == [b'{"name": "ada"}', b'{"name": "ada", "n": 2}']


def test_a_faulty_event_is_a_reject_and_the_answer_is_200() -> None:
    """Nobody is dropped for a neighbour, and the write key is in neither of them."""
    calls = Calls()
    events = [{"writeKey": WRITE_KEY, "age": age} for age in (1, "old", 3)]

    assert calls.post("/v1/batch", {"batch": events, "writeKey": WRITE_KEY}) == DONE
    assert sorted(calls.published) == [b'{"age": 1}', b'{"age": 3}']
    assert [reject.original for reject in calls.rejects.stored] == ['{"age": "old"}']
    assert WRITE_KEY not in repr(calls.scene.observer.facts)


def test_what_has_no_verdict_is_503() -> None:
    """As long as the contracts cannot be read, a faulty event may be a sound one: all of it is to come again."""
    calls = Calls(is_stale=True)

    status, problem = calls.post("/v1/batch", {"batch": [{"age": 1}, {"age": "old"}]}, WRITE_KEY)

    assert (status, problem["detail"]) == (503, "the contracts cannot be read at the moment")


@pytest.mark.parametrize("user", ["", "unknown", "no write key"])
def test_only_a_write_key_lets_in(user: str) -> None:
    """In the header it is looked at before the body is; one that is for no stream of Segment's is none."""
    calls = Calls()

    assert calls.post("/v1/track", b"{" if user else {"age": 1}, user)[0] == HTTPStatus.UNAUTHORIZED
    assert calls.post("/v1/track", {"age": 1, "writeKey": user})[0] == HTTPStatus.UNAUTHORIZED
    assert calls.published == []
    assert [status for _, status, _ in calls.scene.observer.of("denied")] == [401, 401]


def test_without_keys_the_write_key_names_the_stream() -> None:
    """As on a laptop, where nobody is asked for a key."""
    calls = Calls(keys=None)

    assert calls.post("/v1/track", {"writeKey": "people"}) == DONE
    assert calls.post("/v1/track", {"writeKey": "others"})[0] == HTTPStatus.UNAUTHORIZED
    assert calls.published == [b'{"type":"track"}']


def test_no_more_than_the_rate_and_the_room() -> None:
    """429 for a key that owes records; 400 for a batch that never has room; and for none of it is anything kept."""
    calls = Calls(most_records=3)
    batch: tuple[str, Any] = ("/v1/batch", {"batch": [{}, {}, {}]})

    assert [status for status, _ in calls.post_all([batch, batch], "slow")] == [200, 429]
    assert calls.post("/v1/batch", {"batch": [{}] * 4}, WRITE_KEY)[0] == HTTPStatus.BAD_REQUEST
    assert calls.post("/v1/batch", {"batch": []}, WRITE_KEY) == DONE
    assert calls.post("/v1/batch", b"{", WRITE_KEY)[0] == HTTPStatus.BAD_REQUEST
    assert len(calls.published) == 3
    assert (calls.scene.gateway.records, calls.scene.gateway.size_bytes) == (0, 0)
