"""The bodies of requests, compressed or not, and the memory they may take."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from event_processor.gateway.bodies import Body, Early
from tests.gateways import Scene


def read(chunks: Sequence[bytes], encoding: str = "gzip", most_bytes: int = 90_000) -> tuple[bytes, int]:
    """A body of these chunks, and how many bytes were in hand for it."""
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0) if left else b"", "more_body": bool(left)}

    async def run() -> tuple[bytes, int]:
        gateway = Scene().gateway
        body = Body(gateway, most_bytes)
        request = Request({"type": "http", "headers": [(b"content-encoding", encoding.encode())]}, receive)
        try:
            return await body.read(request, asyncio.get_running_loop().time()), gateway.size_bytes
        finally:
            body.release()
            assert gateway.size_bytes == 0

    return asyncio.run(run())


@given(st.binary(max_size=50) | st.integers(0, 80_000).map(bytes), st.integers(1, 200))
def test_what_is_compressed_is_unpacked(data: bytes, size: int) -> None:
    """However it is cut on its way, and as long as it is, it counts as the bytes that it is unpacked to."""
    packed = gzip.compress(data)
    chunks = [packed[at : at + size] for at in range(0, len(packed), size)]

    assert read(chunks) == (data, len(data))


def test_a_bomb_is_413_in_little_memory() -> None:
    """50 MB in 50 KB are not unpacked further than the limit."""
    packed = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(Early) as early:
        read([packed])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert early.value.reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert peak < 1_000_000


def test_what_is_unpacked_must_have_room() -> None:
    """No more of all bodies than the gateway may hold is unpacked at a time."""
    with pytest.raises(Early) as early:
        read([gzip.compress(bytes(150_000))], most_bytes=1_000_000)
    assert early.value.reply.status == HTTPStatus.TOO_MANY_REQUESTS


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"no gzip", "gzip", HTTPStatus.BAD_REQUEST),
        (b"", "gzip", HTTPStatus.BAD_REQUEST),
        (gzip.compress(b"{}")[:-4], "gzip", HTTPStatus.BAD_REQUEST),
        (gzip.compress(b"{}") * 2, "x-gzip", HTTPStatus.BAD_REQUEST),
        (zlib.compress(b"{}"), "deflate", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (b"{}", "gzip, gzip", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    ],
    ids=["other", "empty", "cut off", "two", "deflate", "twice"],
)
def test_what_is_not_whole_is_refused(body: bytes, encoding: str, status: HTTPStatus) -> None:
    """No half of a body is taken for one, and nothing is unpacked twice."""
    with pytest.raises(Early) as early:
        read([body], encoding)
    assert early.value.reply.status == status
