"""`event-processor gateway` as a process, and the fleet that sends to it."""

import json
import signal
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from event_processor.gateway.keys import hash_of
from tests.system.processes import Child, Emulator, Processor, command

STREAM = "user-events"
OTHER_STREAM = "user-utm"
FLEET_STREAMS, FLEET_KEY = "user-events,user-utm,segment", "the fleet's"
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

    def __init__(self, folder: Path, endpoint: str, before: str = "", **settings: str) -> None:
        super().__init__(folder, endpoint, before, **{"GATEWAY_PORT": "0", **settings})
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
        drafts = folder / "drafts"
        self.draft(drafts)
        self.settings = {
            "STREAMS_FILE": str(drafts / "streams.yaml"),
            "CONTRACTS": f"dir:{folder / 'contracts'}",
            "REJECTS": "file",
            "REJECTS_FILE": str(folder / "rejects.ndjson"),
        }
        self.run("provision", "--job", "gateway", "--shards", str(shards))
        self.run("contracts", "publish", str(drafts))

    def draft(self, drafts: Path) -> None:
        """Make a folder of contracts, and the streams file in it."""
        drafts.mkdir()
        (drafts / "streams.yaml").write_text(
            f"streams:\n  {STREAM}: {{contract: {STREAM}, id: request_id, partition_key: cookie_id}}\n"
            f"  {OTHER_STREAM}: {{contract: {OTHER_STREAM}, id: request_id, rejects: count}}\n"
        )
        for name in (STREAM, OTHER_STREAM):
            (drafts / f"{name}.json").write_text(json.dumps(CONTRACT | {"x-subject": name}))

    def run(self, *arguments: str) -> str:
        """A command to its end, which must be a good one; what it printed."""
        done = command("event_processor", *arguments, **self.settings, AWS_ENDPOINT_URL=self.aws.endpoint)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def gateway(self, before: str = "", **settings: str) -> Gateway:
        """One more process."""
        return Gateway(self.folder, self.aws.endpoint, before, **{**self.settings, **settings})

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


class FleetPlace(Place):
    """The streams and contracts of `sensor-fleet run --gateway`, its key, of less than it sends, and its audit."""

    def __init__(self, folder: Path, aws: Emulator) -> None:
        super().__init__(folder, aws)
        keys = folder / "keys.yaml"
        keys.write_text(f"fleet: {{sha256: {hash_of(FLEET_KEY).hex()}, streams: all, rate: 250}}\n")
        self.settings["GATEWAY_KEYS"] = str(keys)

    def draft(self, drafts: Path) -> None:
        """See Place."""
        done = command("sensor_fleet", "contracts", str(drafts), "--streams", FLEET_STREAMS)
        assert done.returncode == 0, done.stderr

    def fleet(self, url: str, rate: int = 300) -> "DoorFleet":
        """Clients at work, until they are ended."""
        return DoorFleet(self.folder, url, rate)

    def audit(self, fleet: "DoorFleet") -> dict[str, Any]:
        """The audit's report on the streams, after it passed, and so did that of the rejects."""
        rejects = ("--rejects", str(self.folder / "rejects.ndjson"))
        self._audit(fleet, *rejects)
        return self._audit(fleet)

    def _audit(self, fleet: "DoorFleet", *options: str) -> dict[str, Any]:
        where = ("--manifest", str(fleet.manifest), "--wait", "30", "--json")
        done = command("sensor_fleet", "audit", *where, *options, AWS_ENDPOINT_URL=self.aws.endpoint)
        assert done.returncode == 0, done.stdout + done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report


class DoorFleet(Child):
    """`sensor-fleet run --gateway` under way: six clients, singly and in batches, a tenth of it faulty."""

    def __init__(self, folder: Path, url: str, rate: int) -> None:
        self.manifest = folder / "sent.ndjson"
        load = ("--gateway", url, "--streams", FLEET_STREAMS, "--rate", str(rate), "--batch", "1-20", "--seed", "14")
        more = ("--connections", "6", "--invalid-share", "0.1", "--manifest", str(self.manifest), "--json")
        super().__init__(folder, ["sensor_fleet", "run", *load, *more], {"SENSOR_FLEET_KEY": FLEET_KEY})

    def end(self) -> dict[str, int]:
        """How many records were answered how, after its last answer."""
        self.signal(signal.SIGTERM)
        assert self.exit_code() == 0, self.errors
        answers: dict[str, int] = json.loads(self.output)["answers"]
        return answers
