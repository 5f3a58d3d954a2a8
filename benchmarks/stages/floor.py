"""The least a Python program could take here: bare JSON, hashing and base64, and each call as bytes on a raw socket.

No validation, no order, no retries, no signature, no look at the answers beyond parsing them.
"""

import base64
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from benchmarks.stages.core import BATCH, Sample
from benchmarks.stages.stage import Stage
from event_processor.publishing.stream import Record

_CALLS: Final = 40
_END: Final = b"\r\n\r\n"


class Wire:
    """One keep-alive connection that speaks AWS JSON, and of HTTP just enough for this back end."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._host = f"{address.hostname}:{address.port}"
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, target: str, body: dict[str, Any]) -> dict[str, Any]:
        """The parsed answer. Raises ConnectionError unless it is a 200."""
        data = orjson.dumps(body)
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._host}\r\nX-Amz-Target: {target}\r\n"
            f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {len(data)}{_END.decode()}"
        )
        self._socket.sendall(head.encode() + data)
        answer: dict[str, Any] = orjson.loads(self._body())
        return answer

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _body(self) -> bytes:
        received = self._more()
        while _END not in received:
            received += self._more()
        head, _, body = received.partition(_END)
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head.decode())
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        parts, missing = [body], length - len(body)
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        return b"".join(parts)

    def _more(self) -> bytes:
        data = self._socket.recv(262144)
        if not data:
            raise ConnectionError("the back end closed the connection")
        return data


@dataclass(slots=True)
class Floor:
    """The floor of each stage that has one, under the name of that stage."""

    wire: Wire
    queue_url: str
    sample: Sample
    heads: Sequence[Record]

    def stages(self) -> list[Stage]:
        """In the order in which they must run."""
        sample, events = self.sample, self.sample.events
        handles: list[str] = []
        called = _CALLS * BATCH * events // len(sample.deliveries)
        return [
            Stage("receive", "call", _CALLS, called, self._times(lambda: handles.extend(self._receive()))),
            Stage("put", "call", _CALLS, _CALLS * len(self.heads), self._times(self._put)),
            Stage("delete", "call", _CALLS, called, self._times(lambda: self._delete(handles))),
            Stage("parse and validate", "submission", len(sample.deliveries), events, self._parse),
            Stage("record", "record", events, events, self._records),
        ]

    def _times(self, call: Callable[[], None]) -> Callable[[], None]:
        def work() -> None:
            for _ in range(_CALLS):
                call()

        return work

    def _receive(self) -> list[str]:
        wanted = ["SentTimestamp", "ApproximateReceiveCount"]
        asked = {"QueueUrl": self.queue_url, "MaxNumberOfMessages": BATCH, "MessageSystemAttributeNames": wanted}
        return [message["ReceiptHandle"] for message in self.wire.call("AmazonSQS.ReceiveMessage", asked)["Messages"]]

    def _put(self) -> None:
        entries = [
            {"Data": base64.b64encode(record.data).decode(), "PartitionKey": record.partition_key}
            for record in self.heads
        ]
        self.wire.call("Kinesis_20131202.PutRecords", {"StreamName": "events", "Records": entries})

    def _delete(self, handles: list[str]) -> None:
        entries = [{"Id": str(number), "ReceiptHandle": handles.pop()} for number in range(BATCH)]
        self.wire.call("AmazonSQS.DeleteMessageBatch", {"QueueUrl": self.queue_url, "Entries": entries})

    def _parse(self) -> None:
        for delivery in self.sample.deliveries:
            orjson.loads(base64.b64decode(delivery.body))

    def _records(self) -> None:
        for submission, events in self.sample.valid:
            for event in events:
                name = f"{submission.submission_id}/{event.event_type}/{event.position}".encode()
                identity = sha1(name, usedforsecurity=False).hexdigest()
                orjson.dumps({"event_id": identity, "event_data": event.data})
