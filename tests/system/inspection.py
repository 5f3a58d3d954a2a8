"""The path of tracking events as processes: fleet, stream, inspector, rejects, and a Slack of our own on loopback."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from sensor_fleet.reader import StreamReader
from sensor_fleet.tracking.manifest import read_tracking_manifest
from sensor_fleet.tracking.plan import TrackingPlan, digest
from sensor_fleet.tracking.rejects import read_rejects
from tests.eventually import eventually
from tests.system.processes import Child, Emulator, Inspector, command
from tests.unit.channels.servers import Server

STREAM = "segment"
BREAK = "5.1.0:/properties/gender:not-in-enum"
OTHERS = "record,missing,bad-uuid,bad-time,too-long,bad-item"
"""Faults of other kinds than the one of the release, so that it alone is to blame for that."""


class TrackingPath:
    """A stream, the contracts of the fleet's events, published by the command, and what the processes share."""

    def __init__(self, folder: Path, aws: Emulator, slack: Server, rejects: str = "file") -> None:
        self.folder, self.aws = folder, aws
        self.store = folder / "store"
        self.store.mkdir()
        self.manifest = folder / "sent.ndjson"
        self._settings = {
            "STREAMS_FILE": str(folder / "drafts" / "streams.yaml"),
            "CONTRACTS": f"dir:{folder / 'contracts'}",
            "REJECTS": rejects,
            "REJECTS_FILE": str(self.store / "rejects.ndjson"),
            "LAKE": f"dir:{self.store}",
            "STATE": f"dir:{folder / 'state'}",
            "NOTICES": f"slack:{slack.url}",
        }
        aws.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        eventually(self._is_active)
        self.run("sensor_fleet", "contracts", str(folder / "drafts"))
        (folder / "contracts").mkdir()
        self.run("event_processor", "contracts", "publish", str(folder / "drafts"))

    def _is_active(self) -> bool:
        summary = self.aws.kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
        return summary["StreamStatus"] == "ACTIVE"

    def run(self, *arguments: str) -> str:
        """A command to its end, which must be a good one; what it printed."""
        done = command(*arguments, **self._settings, AWS_ENDPOINT_URL=self.aws.endpoint)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def inspector(self) -> Inspector:
        """One more process, which goes on where the one before was."""
        return Inspector(self.folder, self.aws.endpoint, **self._settings)

    def fleet(self, records: int, rate: int, *options: str) -> Child:
        """A fleet under way, of which one release breaks a field."""
        load = ("--records", str(records), "--rate", str(rate), "--seed", "5", "--manifest", str(self.manifest))
        faults = ("--break", BREAK, "--invalid-share", "0.1", "--invalid-kinds", OTHERS)
        arguments = ["sensor_fleet", "track", *load, *faults, *options]
        return Child(self.folder, arguments, {"AWS_ENDPOINT_URL": self.aws.endpoint})

    def split(self) -> None:
        """Make two shards of the one that began first and is still open."""
        shards = self.aws.kinesis.list_shards(StreamName=STREAM)["Shards"]
        shard = next(each for each in shards if "EndingSequenceNumber" not in each["SequenceNumberRange"])
        self.aws.admin("POST", "action", {"do": "split_shard", "stream": STREAM, "shard": shard["ShardId"]})

    def audit(self, seconds: int = 45) -> dict[str, Any]:
        """The audit of the verdicts, after it passed."""
        where = ("--manifest", str(self.manifest), "--rejects", str(self.store), "--wait", str(seconds))
        report: dict[str, Any] = json.loads(self.run("sensor_fleet", "audit", *where, "--json"))
        return report

    def expected(self) -> Counter[tuple[str, str]]:
        """The records on the stream that must be rejected, copies of a lost answer included: shard and digest."""
        entries = read_tracking_manifest(self.manifest)
        wrong = {entry.digest for entry in entries if isinstance(entry, TrackingPlan) and entry.faults}
        found = _Records()
        for _ in StreamReader(self.aws.kinesis, STREAM, found).rounds_to_end():
            pass
        return Counter({key: count for key, count in found.counts.items() if key[1] in wrong})

    def rejected(self) -> Counter[tuple[str, str]]:
        """The records that were rejected, each place on the stream once: shard and digest."""
        places = {reject.place: digest(reject.data) for reject in read_rejects(self.store)}
        return Counter((place.partition("/")[0], each) for place, each in places.items())


class _Records:
    """All that is on a stream, by shard and digest."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def shard(self, shard_id: str, parents: tuple[str, ...]) -> None:
        """Nothing to note of a shard."""

    def read(self, shard_id: str, _partition_key: str, data: bytes, _sequence_number: str) -> None:
        """Note what a record carries."""
        self.counts[shard_id, digest(data)] += 1
