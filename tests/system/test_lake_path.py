"""The whole path by its real programs, until the witness of who sent it: queue or door, stream, lake and table."""

import json
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.eventually import eventually
from tests.ports import reserved_port
from tests.system.delivering import Deliverer
from tests.system.gateway import Gateway
from tests.system.processes import Child, Emulator, Processor, command

DOOR = "user-events,user-utm,segment"
FAULTS = {
    "refuse": 0.1, "lose_answer": 0.05, "latency_ms": 2, "throttle_reads": True, "empty_reads": 0.2,
    "iterator_seconds": 1,
}  # fmt: skip
EVENTS = {"new_process": ("cmdl", "user"), "network_connection": ("source_ip", "destination_ip", "destination_port")}
MORE_STREAMS = """\
  events: {contract: "event/{event_type}", at: /event_data, id: event_id, table: "telemetry.{event_type}"}
  tracking: {contract: "{type}/{event|name}", id: messageId, table: tracking.pages}
"""


class WholePath:
    """Streams of all kinds, their contracts, and the programs between those who send and the table."""

    def __init__(self, folder: Path, aws: Emulator) -> None:
        self.folder, self.aws, self.lake = folder, aws, folder / "lake"
        aws.provision()
        for stream in (*DOOR.split(","), "tracking"):
            aws.kinesis.create_stream(StreamName=stream, ShardCount=2)
        drafts = folder / "drafts"
        self.settings = {
            "STREAMS_FILE": str(drafts / "streams.yaml"),
            "CONTRACTS": f"dir:{folder}/contracts",
            "LAKE": f"dir:{self.lake}",
            "LAKE_FLUSH_SECONDS": "0.5",
            "WAREHOUSE": f"duckdb:{folder}/warehouse.duckdb",
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_REGION": "us-east-1",
        }
        self.run("sensor_fleet", "contracts", str(drafts), "--streams", DOOR)
        with (drafts / "streams.yaml").open("a") as streams:
            streams.write(MORE_STREAMS)
        for name, fields in EVENTS.items():
            kinds: dict[str, Any] = {field: {"type": "integer" if "port" in field else "string"} for field in fields}
            (drafts / f"{name}.json").write_text(
                json.dumps(
                    {"x-subject": f"event/{name}", "x-version": "1-0-0", "type": "object", "properties": kinds}
                    | {"required": fields}
                )
            )
        self.run("event_processor", "contracts", "publish", str(drafts))

    def run(self, *arguments: str) -> str:
        """A command to its good end, and what it printed."""
        done = command(*arguments, **self.settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def gateway(self, port: int) -> Gateway:
        """One more."""
        more = {"GATEWAY_PORT": str(port), "GATEWAY_DEADLINE": "3", "REJECTS": "lake"}
        return Gateway(self.folder, self.aws.endpoint, **{**self.settings, **more})

    def processor(self) -> Processor:
        """One more."""
        return Processor(self.folder, self.aws.endpoint, REJECTS="lake", LAKE=self.settings["LAKE"])

    def deliverer(self) -> Deliverer:
        """One more."""
        return Deliverer(self.folder, self.aws.endpoint, **self.settings)

    def fleet(self, *arguments: str) -> Child:
        """Somebody who sends."""
        return Child(self.folder, ["sensor_fleet", *arguments, "--seed", "15", "--json"], self.settings)

    def audit(self, manifest: str, *options: str, seconds: int = 50) -> dict[str, Any]:
        """The report of the witness on lake and table, after it passed."""
        where = ("--lake", self.settings["LAKE"], "--warehouse", self.settings["WAREHOUSE"], "--wait", str(seconds))
        manifest_path = str(self.folder / manifest)
        report: dict[str, Any] = json.loads(
            self.run("sensor_fleet", "audit", "--manifest", manifest_path, "--json", *where, *options)
        )
        return report


def break_uploads(deliverer: Deliverer, lake: Path) -> None:
    """Nothing typed can be written for a while: the folder is a file meanwhile."""
    eventually((lake / "typed").exists, "the first typed file", 60)
    deliverer.signal(signal.SIGSTOP)
    (lake / "typed").rename(lake / "aside")
    (lake / "typed").touch()
    deliverer.signal(signal.SIGCONT)
    eventually(deliverer.reasons, "it to say that it cannot write", 60)
    (lake / "typed").unlink()
    (lake / "aside").rename(lake / "typed")


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_all_that_was_sent_is_in_the_lake_and_in_the_table(tmp_path: Path) -> None:
    """Refusals, lost answers, expired iterators, splits, failing writes, kills of each: nothing missing or twice."""
    chance = Random(15)
    with Emulator(tmp_path) as aws, reserved_port() as port, ExitStack() as stack:
        path = WholePath(tmp_path, aws)
        aws.set_faults(**FAULTS)
        gateway, processor, deliverer = path.gateway(port), path.processor(), path.deliverer()
        for child in (gateway, processor, deliverer):
            stack.enter_context(child)
        invalid, url = ("--invalid-share", "0.1", "--manifest"), f"http://127.0.0.1:{port}"
        door = ("--gateway", url, "--streams", DOOR, "--rate", "20", "--batch", "1-20")
        senders: Sequence[Child] = [
            path.fleet("run", "--submissions", "600", "--rate", "40", *invalid, f"{tmp_path}/run"),
            path.fleet(
                "track", "--stream", "tracking", "--records", "2000", "--rate", "140", *invalid, f"{tmp_path}/track"
            ),
            path.fleet("run", *door, *invalid, f"{tmp_path}/door"),
        ]
        for sender in senders:
            stack.enter_context(sender)
        break_uploads(deliverer, path.lake)
        for number in range(3):
            deliverer.wait_for("records_total", chance.randrange(1, 400))
            deliverer.kill()
            gateway.kill()
            processor.kill()
            if number == 1:
                for stream in ("events", "tracking"):
                    what = {"do": "split_shard", "stream": stream, "shard": "shardId-000000000000"}
                    aws.admin("POST", "action", what)
            gateway, processor, deliverer = path.gateway(port), path.processor(), path.deliverer()
            for child in (gateway, processor, deliverer):
                stack.enter_context(child)
        senders[2].signal(signal.SIGTERM)
        for sender in senders:
            assert sender.exit_code(120) == 0, sender.errors
        aws.set_faults()
        path.run("sensor_fleet", "audit", "--manifest", f"{tmp_path}/run", "--wait", "60")
        reports = {
            "run": path.audit("run", "--stream", "events"),
            "track": path.audit("track", "--stream", "tracking"),
            "door": path.audit("door"),
        }
        verified = json.loads(path.run("event_processor", "lake", "verify", "--stream", "--repeats", "--json"))
        assert gateway.terminate() == processor.terminate() == deliverer.terminate() == 0

    assert verified["sound"]
    for name, report in reports.items():
        assert report["found"] == report["expected"] > 50, name
        assert report["raw"] == report["typed"] + report["rejects"]
        assert report["conflicts"] == 0
    assert sum(report["repeats"] for report in reports.values()) > 0, "lost answers make repeats"
    assert reports["track"]["rejects"] > 100
    assert reports["run"]["rejects"] == reports["door"]["rejects"] == 0
    assert list((path.lake / "rejects" / "gateway").iterdir()), "what the door refused is in the same lake"
