"""`event-processor gateway` as a process, clients that remember what they were answered, and the audit."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any

from tests.eventually import eventually
from tests.system.processes import Emulator, Processor, command

STREAM = "user-events"
OTHER_STREAM = "user-utm"
BATCH = 4
JSON = {"Content-Type": "application/json"}
CONTRACT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"request_id": {"type": "string"}, "client": {"type": "integer"}, "n": {"type": "integer"}},
    "required": ["request_id"],
    "x-version": "1-0-0",
}


class Gateway(Processor):
    """As soon as it takes records. `door` is where."""

    job, namespace = "gateway", "event_gateway"

    def __init__(self, folder: Path, endpoint: str, **settings: str) -> None:
        super().__init__(folder, endpoint, **{"GATEWAY_PORT": "0", **settings})
        self.door: int = self.when_started(lambda: self.lines("taking records"))[0]["port"]

    def send(self, path: str, body: bytes, method: str = "PUT", **headers: str) -> tuple[int, dict[str, Any]]:
        """One request on a connection of its own: the status, and the document."""
        connection = HTTPConnection("127.0.0.1", self.door, timeout=60)
        try:
            connection.request(method, path, body, {**JSON, **headers})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def send_aside(self, path: str, body: bytes, times: int = 1) -> "Aside":
        """So many of these at once, each by a thread of its own."""
        return Aside(lambda: self.send(path, body)[0], times)


class Aside:
    """Requests under way: the `statuses` of those that are answered, 0 for a broken connection."""

    def __init__(self, send: Callable[[], int], times: int) -> None:
        self.statuses: list[int] = []
        self._send = send
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(times)]
        for thread in self._threads:
            thread.start()

    def join(self) -> list[int]:
        """Wait for all of them."""
        for thread in self._threads:
            thread.join(60)
        return self.statuses

    def _run(self) -> None:
        try:
            self.statuses.append(self._send())
        except (OSError, HTTPException):
            self.statuses.append(0)


class Place:
    """Two streams, their contracts, and the settings of whoever takes records for it."""

    def __init__(self, folder: Path, aws: Emulator, shards: int = 2) -> None:
        self.folder, self.aws = folder, aws
        (folder / "streams.yaml").write_text(
            f"streams:\n  {STREAM}: {{contract: {STREAM}, id: request_id, partition_key: cookie_id}}\n"
            f"  {OTHER_STREAM}: {{contract: {OTHER_STREAM}, id: request_id, rejects: count}}\n"
        )
        drafts = folder / "drafts"
        drafts.mkdir()
        for name in (STREAM, OTHER_STREAM):
            (drafts / f"{name}.json").write_text(json.dumps(CONTRACT | {"x-subject": name}))
        self.settings = {
            "STREAMS_FILE": str(folder / "streams.yaml"),
            "CONTRACTS": f"dir:{folder / 'contracts'}",
            "REJECTS": "file",
            "REJECTS_FILE": str(folder / "rejects.ndjson"),
        }
        self.run("provision", "--job", "gateway", "--shards", str(shards))
        self.run("contracts", "publish", str(drafts))

    def run(self, *arguments: str) -> str:
        """A command to its end, which must be a good one; what it printed."""
        done = command("event_processor", *arguments, **self.settings, AWS_ENDPOINT_URL=self.aws.endpoint)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def gateway(self, **settings: str) -> Gateway:
        """One more process."""
        return Gateway(self.folder, self.aws.endpoint, **{**self.settings, **settings})

    def on_stream(self, stream: str = STREAM) -> list[tuple[str, bytes]]:
        """All records, partition key and data, in the order of their shards."""
        return [
            (record["PartitionKey"], record["Data"])
            for shard in self._shards(stream)
            for record in self._records(stream, shard)
        ]

    def rejects(self) -> list[dict[str, Any]]:
        """What the file of rejects has."""
        file = self.folder / "rejects.ndjson"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def _shards(self, stream: str) -> list[str]:
        return [shard["ShardId"] for shard in self.aws.kinesis.list_shards(StreamName=stream)["Shards"]]

    def _records(self, stream: str, shard: str) -> list[Any]:
        found: list[Any] = []
        iterator = self.aws.kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = self.aws.kinesis.get_records(ShardIterator=iterator, Limit=10_000)
            found += answer["Records"]
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                return found
            iterator = answer["NextShardIterator"]


@dataclass
class Client:
    """Sends singly, and in batches of which all records have one key, and remembers the answer to each record.

    The keys are shared with other clients. `door` says where, anew for each connection; nothing
    is sent again.
    """

    number: int
    door: Callable[[], int]
    answers: list[tuple[str, bytes, int]] = field(default_factory=list)  # key, data, status; 0 for none

    def run(self, is_over: threading.Event) -> None:
        """Until it is over."""
        connection: HTTPConnection | None = None
        numbers = count(1)
        while not is_over.is_set():
            made = [self._record(next(numbers)) for _ in range(1 if len(self.answers) % 3 else BATCH)]
            key = f"key-{len(self.answers) % 5}"
            try:
                connection = connection or HTTPConnection("127.0.0.1", self.door(), timeout=30)
                statuses = _send(connection, key, made)
            except (OSError, HTTPException):
                statuses = [0] * len(made)
                if connection is not None:
                    connection.close()
                connection = None
                is_over.wait(0.05)
            self.answers += [(key, data, status) for data, status in zip(made, statuses, strict=True)]
        if connection is not None:
            connection.close()

    def _record(self, n: int) -> bytes:
        """Written as no library would write it; some violate the contract."""
        value = b'"old"' if n % 17 == 0 else b"%d" % n
        return b'{ "request_id":"%d-%d",  "client": %d, "n": %s }' % (self.number, n, self.number, value)

    def sent(self, *statuses: int) -> list[tuple[str, bytes]]:
        """What was answered so."""
        return [(key, data) for key, data, status in self.answers if status in statuses]


def _send(connection: HTTPConnection, key: str, made: Sequence[bytes]) -> list[int]:
    """The status of each record; those of a batch are told one by one."""
    if len(made) == 1:
        path, body = "record", b'{"PartitionKey":"%s","Data": %s}' % (key.encode(), made[0])
    else:
        entries = [b'{"partition-key":"%s","data":%s}' % (key.encode(), data) for data in made]
        path, body = "records", b'{"records": [' + b", ".join(entries) + b"]}"
    connection.request("POST", f"/streams/{STREAM}/{path}", body, JSON)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    results = document.get("Records", [])
    return [_status(result) for result in results] or [answer.status] * len(made)


def _status(result: dict[str, Any]) -> int:
    code = result.get("ErrorCode")
    return 200 if code is None else 503 if code == "ServiceUnavailable" else 422


def audit(clients: Sequence[Client], stream: Sequence[tuple[str, bytes]]) -> None:
    """Every 200 is on the stream, its bytes, in order by key and client; nothing else but what was unanswered."""
    first: dict[tuple[str, bytes], int] = {}
    for place, record in enumerate(stream):
        first.setdefault(record, place)
    allowed = {record for client in clients for record in client.sent(200, 503, 0)}
    assert first.keys() <= allowed, "there are records that nobody sent so, or that were refused"
    for client in clients:
        places: dict[str, list[int]] = defaultdict(list)
        for record in client.sent(200):
            assert record in first, f"{record} was answered 200 and is not there"
            places[record[0]].append(first[record])
        assert all(each == sorted(each) for each in places.values()), f"client {client.number} is out of order"


def clients_at_work(clients: Sequence[Client], is_over: threading.Event) -> list[threading.Thread]:
    """A thread each."""
    threads = [threading.Thread(target=client.run, args=(is_over,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    return threads


def answered(clients: Sequence[Client], status: int) -> int:
    """How many records were answered so, by now."""
    return sum(each == status for client in clients for _, _, each in list(client.answers))


def until_answered(clients: Sequence[Client], status: int, more: int) -> None:
    """Wait until so many more are answered so."""
    goal = answered(clients, status) + more
    eventually(lambda: answered(clients, status) >= goal, f"{more} more answers {status}", 120)
