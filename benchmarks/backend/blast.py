"""A load far above any client's: requests built beforehand, answers hardly looked at, on raw sockets."""

import base64
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import orjson

from benchmarks.backend.process import Backend

CONNECTIONS = 4  # in use side by side: while one answer is read, the next request is in work
ROUND = 1000  # submissions received, put and deleted before the next are
_HANDLE = re.compile(rb'"ReceiptHandle":"([^"]+)"')
_ANSWER_SECONDS = 60.0


class Wire:
    """One keep-alive connection: a request out, an answer in."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._socket = socket.create_connection((address.hostname or "", address.port or 0), _ANSWER_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(1024 * 1024)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, request: bytes) -> None:
        """One request."""
        self._socket.sendall(request)

    def receive(self) -> bytes:
        """The body of its answer."""
        have = self._more(0)
        while (head := self._buffer.find(b"\r\n\r\n", 0, have)) < 0:
            have = self._more(have)
        found = re.search(rb"Content-Length: (\d+)", self._buffer[:head])
        assert found is not None
        end = head + 4 + int(found[1])
        while have < end:
            have = self._more(have)
        return bytes(self._buffer[head + 4 : end])

    def _more(self, have: int) -> int:
        got = self._socket.recv_into(memoryview(self._buffer)[have:])
        assert got, "the server hung up"
        return have + got


def request(target: str, body: bytes) -> bytes:
    """A call as a client makes it, unsigned: nobody here would check."""
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: {target}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What the back end did of one operation: calls, seconds on the wall and of its own CPU."""

    operation: str
    calls: int
    seconds: float
    cpu_seconds: float


class Blast:
    """Receives, puts and deletes as fast as one core can ask for it. `rounds` of a thousand submissions."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._running = ExitStack()
        self._wires = [self._running.enter_context(Wire(backend.endpoint)) for _ in range(CONNECTIONS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def round(self) -> Iterator[Ceiling]:
        """One round, timed by operation."""
        answers, received = self._timed("ReceiveMessage", [RECEIVE] * (ROUND // 10))
        yield received
        records = ROUND * self._backend.load.events
        yield self._timed("PutRecords", [PUT] * (records // 500))[1]
        yield self._timed("DeleteMessageBatch", [_delete(answer) for answer in answers])[1]

    def _timed(self, operation: str, requests: Sequence[bytes]) -> tuple[list[bytes], Ceiling]:
        before, begun = self._backend.counts().cpu_seconds, time.perf_counter()
        answers = list(self._exchanged(requests))
        seconds, cpu = time.perf_counter() - begun, self._backend.counts().cpu_seconds - before
        return answers, Ceiling(operation, len(requests), seconds, cpu)

    def _exchanged(self, requests: Sequence[bytes]) -> Iterator[bytes]:
        """A connection's next request goes out as soon as its answer is in; the others keep the server busy."""
        for number, text in enumerate(requests):
            if number >= CONNECTIONS:
                yield self._wires[number % CONNECTIONS].receive()
            self._wires[number % CONNECTIONS].send(text)
        for number in range(max(len(requests) - CONNECTIONS, 0), len(requests)):
            yield self._wires[number % CONNECTIONS].receive()


def _delete(answer: bytes) -> bytes:
    handles = _HANDLE.findall(answer)
    entries = b",".join(b'{"Id":"%d","ReceiptHandle":"%s"}' % entry for entry in enumerate(handles))
    return request("AmazonSQS.DeleteMessageBatch", b'{"QueueUrl":"u","Entries":[' + entries + b"]}")


def _record(number: int) -> dict[str, str]:
    device = f"de000000-0000-4000-8000-{number:012x}"
    document = {
        "event_id": "3f0c5a52-6a0e-5d57-9d38-0f5cf1f7c1b4",
        "submission_id": f"5b000000-0000-4000-8000-{number:012x}",
        "device_id": device,
        "sequence": 0,
        "event_type": "new_process",
        "processed_at": "2026-01-02T03:04:05.678901Z",
        "time_created": "2021-03-28T15:44:18.592840",
        "event_data": {"cmdl": "whoami", "user": "admin"},
    }
    return {"Data": base64.b64encode(orjson.dumps(document)).decode(), "PartitionKey": device}


RECEIVE = request(
    "AmazonSQS.ReceiveMessage",
    b'{"QueueUrl":"u","MaxNumberOfMessages":10,"WaitTimeSeconds":20,'
    b'"MessageSystemAttributeNames":["SentTimestamp","ApproximateReceiveCount"]}',
)
PUT = request(
    "Kinesis_20131202.PutRecords",
    orjson.dumps({"StreamName": "events", "Records": [_record(number) for number in range(500)]}),
)
