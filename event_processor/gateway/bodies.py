"""The body of a request: read within bounds, as long as there is room for it."""

import asyncio
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect, Request

from event_processor.gateway.answers import Reply, problem
from event_processor.gateway.gateway import Gateway

_STEP_BYTES: Final = 64 * 1024  # that are unpacked at a time
_GZIP: Final = 16 + zlib.MAX_WBITS  # zlib manual, inflateInit2


class Early(Exception):
    """The answer is clear before the body is read, or without reading all of it."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        reply = problem(status, detail)
        self.reply = Reply(reply.status, reply.body, {**reply.headers, "connection": "close"})


class Body:
    """One body, whose bytes are in hand from `read` until `release`."""

    def __init__(self, gateway: Gateway, most_bytes: int) -> None:
        self._gateway, self._most_bytes, self._held_bytes = gateway, most_bytes, 0

    async def read(self, request: Request, started: float) -> bytes:
        """All of it, unpacked. Who sends it too slowly is not waited for. Raises Early."""
        headers = heads(request)
        self._must_fit(headers)
        unpacking = _unpacking(headers)
        parts: list[bytes] = []
        timeout = asyncio.timeout_at(started + self._gateway.limits.deadline_seconds)
        end = partial(timeout.reschedule, started)
        self._gateway.coming.add(end)
        try:
            async with timeout:
                async for chunk in request.stream():
                    for part in unpacking.parts(chunk) if unpacking else (chunk,):
                        self._hold(len(part))
                        parts.append(part)
        except TimeoutError:
            raise Early(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time") from None
        except ClientDisconnect:
            raise Early(HTTPStatus.BAD_REQUEST, "the body ended early") from None  # nobody reads it
        finally:
            self._gateway.coming.discard(end)
        if unpacking:
            unpacking.end()
        return b"".join(parts)

    def release(self) -> None:
        """None of it any more."""
        self._gateway.release(self._held_bytes)
        self._held_bytes = 0

    def _must_fit(self, headers: Mapping[str, str]) -> None:
        length = headers.get("content-length")
        if length is not None and (not length.isdecimal() or int(length[:20]) > self._most_bytes):
            raise self._too_large()

    def _hold(self, size_bytes: int) -> None:
        if self._held_bytes + size_bytes > self._most_bytes:
            raise self._too_large()
        if not self._gateway.hold(size_bytes):
            raise Early(HTTPStatus.TOO_MANY_REQUESTS, "too many bytes are in hand")
        self._held_bytes += size_bytes

    def _too_large(self) -> Early:
        return Early(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {self._most_bytes} bytes")


def heads(request: Request) -> dict[str, str]:
    """The headers, the first of each name: Starlette's own go through all of them whenever they are asked."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.scope["headers"])}


def _unpacking(headers: Mapping[str, str]) -> "_Unpacking | None":
    match headers.get("content-encoding", "identity").lower():
        case "identity":
            return None
        case "gzip" | "x-gzip":
            return _Unpacking()
    raise Early(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be as it is, or compressed by gzip")


class _Unpacking:
    """Of gzip, never more at a time than a step: whoever asks for parts says when it is too much."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP)

    def parts(self, chunk: bytes) -> Iterator[bytes]:
        """What a chunk holds."""
        part = b""
        while (chunk or len(part) == _STEP_BYTES) and not self._inflate.eof:
            try:
                part = self._inflate.decompress(chunk, _STEP_BYTES)
            except zlib.error:
                raise Early(HTTPStatus.BAD_REQUEST, "the body is not gzip") from None
            yield part
            chunk = self._inflate.unconsumed_tail
        if chunk or self._inflate.unused_data:
            raise Early(HTTPStatus.BAD_REQUEST, "something follows what is compressed in the body")

    def end(self) -> None:
        """Nothing is missing."""
        if not self._inflate.eof:
            raise Early(HTTPStatus.BAD_REQUEST, "what is compressed in the body is not all there")
