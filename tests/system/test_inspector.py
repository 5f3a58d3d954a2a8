"""The real inspector on a stream, with contracts in a directory and rejects in a file: kills, stops, and bad days."""

import fcntl
import gzip
import json
import signal
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import eventually
from tests.inspecting import page
from tests.system.processes import Emulator, Inspector, command
from tests.unit.channels.servers import Server, serving

CANARY = "jane.roe@canary.example"


class World:
    """A stream, a streams file, a directory of contracts, and an inspector's settings."""

    def __init__(self, folder: Path, aws: Emulator) -> None:
        self.folder, self.aws = folder, aws
        (folder / "streams.yaml").write_text('streams:\n  segment:\n    contract: "{type}/{event|name}"\n')
        self.settings = {
            "STREAMS_FILE": str(folder / "streams.yaml"),
            "CONTRACTS": f"dir:{folder}/contracts",
            "CONTRACTS_REFRESH": "0.3",
            "STATE": f"dir:{folder}/state",
            "REJECTS": "file",
            "REJECTS_FILE": str(folder / "rejects.ndjson"),
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_REGION": "us-east-1",
        }
        aws.kinesis.create_stream(StreamName="segment", ShardCount=2)
        self.numbers = iter(range(1_000_000))

    def publish(self, subject: str, folder: str = "contracts") -> None:
        """Make a contract live, as an engineer does."""
        properties = {"age": {"type": "integer"}, "email": {"type": "string", "format": "email", "x-pii": True}}
        document = {"x-subject": subject, "x-version": "1-0-0", "type": "object", "properties": properties}
        path = self.folder / f"{subject.replace('/', '-')}.json"
        path.write_text(json.dumps(document))
        done = command("event_processor", "contracts", "publish", str(path), CONTRACTS=f"dir:{self.folder}/{folder}")
        assert done.returncode == 0, done.stdout + done.stderr

    def put(self, *records: bytes) -> None:
        """Onto the stream, spread over its shards."""
        entries = [{"Data": data, "PartitionKey": str(next(self.numbers))} for data in records]
        for first in range(0, len(entries), 500):
            self.aws.kinesis.put_records(StreamName="segment", Records=entries[first : first + 500])  # type: ignore[arg-type]

    def inspector(self, **settings: str) -> Inspector:
        """One at work."""
        return Inspector(self.folder, self.aws.endpoint, **{**self.settings, **settings})

    @property
    def rejects(self) -> list[dict[str, Any]]:
        """All in the file, repeats included; a kill may leave a line torn, whose rejects are stored again."""
        path = self.folder / "rejects.ndjson"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    @property
    def rejected_ages(self) -> set[Any]:
        """The `age` of every record that is rejected."""
        return {json.loads(reject["original"])["age"] for reject in self.rejects}


@pytest.fixture
def webhook() -> Iterator[Server]:
    """As long as a test."""
    with serving() as server:
        yield server


@pytest.fixture
def hanging() -> Iterator[str]:
    """The URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """With one contract."""
    with Emulator(tmp_path) as aws:
        world = World(tmp_path, aws)
        world.publish("page/Home")
        yield world


def bad(ages: Sequence[int]) -> list[bytes]:
    """Records whose age is a text."""
    return [page(age=f"{age}") for age in ages]


def good(number: int) -> list[bytes]:
    """Records that are valid."""
    return [page(age=1)] * number


def test_a_day_at_work(world: World) -> None:
    """What is valid passes, what is not is in the file with pointer and expectation, and a stop is clean."""
    with world.inspector() as inspector:
        inspector.wait_until_ready()
        world.put(*good(20), *bad(range(5)), b"{")
        eventually(lambda: len(world.rejects) == 6, "all rejects to be stored")
        inspector.wait_for("verdicts_total", 26)
        status, html = inspector.get("/")
        assert status == 200
        assert "<code>/age</code>" in html
        assert "expected" in html
        assert f'id="{world.rejects[0]["reject_id"]}"' in html
        assert inspector.terminate() == 0
        assert inspector.lines("stopped")

    faults = Counter((reject["reason"], reject["pointer"]) for reject in world.rejects)
    assert faults == {("wrong_type", "/age"): 5, ("not_json", ""): 1}
    with world.inspector() as again:
        again.wait_until_ready()
        world.put(*bad([77]))
        eventually(lambda: len(world.rejects) == 7, "the new one")
    assert len(world.rejects) == 7, "after a clean stop nothing is read twice"


@pytest.mark.prove
def test_kills(world: World) -> None:
    """Killed again and again in the middle of its work it loses no reject, and rejects nothing that is valid."""
    expected = {str(age) for age in range(300)}
    for part in range(3):
        with world.inspector() as inspector:
            inspector.wait_until_ready()
            world.put(*(data for age in range(part * 100, part * 100 + 100) for data in (*good(3), *bad([age]))))
            eventually(lambda wanted=part: len(world.rejects) > wanted * 100 + 10, "some rejects")  # type: ignore[misc]
            inspector.signal(signal.SIGKILL)
    with world.inspector() as inspector:
        inspector.wait_until_ready()
        eventually(lambda: world.rejected_ages == expected, "every reject to be stored")
        assert inspector.terminate() == 0
    assert {reject["subject"] for reject in world.rejects} == {"page/Home"}
    ids = {json.loads(reject["original"])["age"]: reject["reject_id"] for reject in world.rejects}
    assert all(ids[json.loads(reject["original"])["age"]] == reject["reject_id"] for reject in world.rejects)


def test_a_registry_that_breaks_and_is_mended(world: World) -> None:
    """While contracts cannot be read rejects wait, it says so, and when they can be read a new contract counts."""
    contracts = world.folder / "contracts"
    with world.inspector() as inspector:
        inspector.wait_until_ready()
        contracts.rename(world.folder / "elsewhere")
        eventually(lambda: any("contracts" in reason for reason in inspector.reasons()), "it to say so")
        world.put(page("New", age=1), page("New", age="2"), *good(3))
        inspector.wait_for("rejects_held", 2)
        assert world.rejects == []

        world.publish("page/New", folder="elsewhere")
        (world.folder / "elsewhere").rename(contracts)
        eventually(lambda: world.rejected_ages == {"2"}, "what is invalid, and only that, to be rejected")
        assert inspector.reasons() == []
        assert inspector.terminate() == 0
    assert len(world.rejects) == 1


def test_a_reject_store_that_fails(world: World) -> None:
    """While rejects cannot be stored it is not ready, nothing is lost, and afterwards all are there."""
    store = world.folder / "store"
    with world.inspector(REJECTS_FILE=str(store / "rejects.ndjson")) as inspector:
        eventually(lambda: inspector.metric("shards") > 0, "it to read")
        world.put(*bad(range(20)))
        eventually(lambda: any("reject store" in reason for reason in inspector.reasons()), "it to say so")
        store.mkdir()
        eventually(lambda: not inspector.reasons(), "it to be ready again")
        lines = (store / "rejects.ndjson").read_text().splitlines()
        assert len({json.loads(line)["reject_id"] for line in lines}) == 20
        assert inspector.terminate() == 0


def test_a_reject_store_that_hangs(world: World) -> None:
    """Though a store hangs for ever a stop ends in time, says that not all is done, and nothing is lost."""
    with (world.folder / "rejects.ndjson").open("ab") as file, world.inspector(SHUTDOWN_GRACE="3") as inspector:
        fcntl.flock(file, fcntl.LOCK_EX)  # as by another process, on a disk of the network
        inspector.wait_until_ready()
        world.put(*bad(range(5)))
        eventually(lambda: inspector.metric("records_read_total") == 5, "it to read")
        assert inspector.terminate() == 1
    with world.inspector() as inspector:
        eventually(lambda: world.rejected_ages == {str(age) for age in range(5)}, "the rejects to be stored")
        assert inspector.terminate() == 0


def test_nobody_learns_what_is_personal(world: World, webhook: Server) -> None:
    """An e-mail address in a record is in the reject store only: no log, metric, page or notice has it."""
    with world.inspector(NOTICES=f"webhook:{webhook.url}", LOG_LEVEL="DEBUG") as inspector:
        inspector.wait_until_ready()
        world.put(page(age="x", email=CANARY), page(age=1, email=f"{CANARY} is none"))
        eventually(lambda: len(world.rejects) == 2, "all rejects to be stored")
        eventually(lambda: len(webhook.saying()) >= 1, "people to be told")
        seen = [inspector.get("/")[1], inspector.get("/metrics")[1], *webhook.saying()]
        assert inspector.terminate() == 0
        seen += [inspector.errors, *webhook.saying()]

    assert all(CANARY in reject["original"] for reject in world.rejects)
    assert [text for text in seen if "canary.example" in text] == []


def test_people_who_cannot_be_told_keep_nobody_waiting(world: World, hanging: str) -> None:
    """With a channel that never answers rejects are stored and the lag stays as it is; a stop is in time."""
    with world.inspector(NOTICES=f"slack:{hanging}", SHUTDOWN_GRACE="6") as inspector:
        inspector.wait_until_ready()
        for age in range(10):
            world.put(*bad([age]), *good(50))
            eventually(lambda wanted=age: len(world.rejects) > wanted, "the reject")  # type: ignore[misc]
        assert inspector.metric("lag_milliseconds") < 1000
        assert inspector.terminate() == 0


def test_environments_differ_in_settings_only(world: World, webhook: Server) -> None:
    """With notices and a file, as in a test environment, or with a lake and no notices, rejects are the same."""
    lake = world.folder / "lake"
    production = {"REJECTS": "lake", "LAKE": f"dir:{lake}", "STATE": f"dir:{world.folder}/other"}
    with world.inspector(NOTICES=f"webhook:{webhook.url}") as one, world.inspector(**production) as other:
        one.wait_until_ready()
        other.wait_until_ready()
        world.put(*good(5), *bad(range(7)), b"{", page("Nowhere"))
        for inspector in (one, other):
            inspector.wait_for("rejects_total", 9)
        eventually(webhook.saying, "people to be told")
        assert (one.terminate(), other.terminate()) == (0, 0)
    in_lake = [
        json.loads(line)
        for path in lake.rglob("rejects/inspect/dt=*/hh=*/*.ndjson.gz")
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    told = {reject["reject_id"]: {**reject, "received_at": ""} for reject in world.rejects}
    assert {reject["reject_id"]: {**reject, "received_at": ""} for reject in in_lake} == told
    assert len(told) == 9


def test_it_waits_for_what_it_needs(tmp_path: Path) -> None:
    """Without its stream it waits, says for what, and begins when that is there; check and provision say the same."""
    with Emulator(tmp_path) as aws:
        world = World(tmp_path, aws)
        aws.kinesis.delete_stream(StreamName="segment")
        eventually(lambda: "segment" not in aws.kinesis.list_streams()["StreamNames"], "the stream to go")
        assert command("event_processor", "check", "--job", "inspect", **world.settings).returncode == 1
        with world.inspector() as inspector:
            eventually(lambda: "stream segment" in " ".join(inspector.reasons()), "it to say what it waits for")
            _provision_twice(world)
            inspector.wait_until_ready()
            assert inspector.terminate() == 0
        done = command("event_processor", "check", "--job", "inspect", **world.settings)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "nobody is told" in done.stdout


def _provision_twice(world: World) -> None:
    made, again = (command("event_processor", "provision", "--job", "inspect", **world.settings) for _ in range(2))
    assert made.returncode == again.returncode == 0, made.stderr + again.stderr
    assert "stream  segment: created, 2 shards" in made.stdout
    assert [line.rsplit(": ", 1)[1] for line in again.stdout.splitlines()] == ["already exists"] * 3


def test_check_names_what_does_not_work(world: World) -> None:
    """Each thing that it could not work with is named, all at once; a wrong setting is one line without its secrets."""
    (world.folder / "file").touch()
    broken = {
        "CONTRACTS": f"dir:{world.folder}/absent",
        "STATE": f"dir:{world.folder}/file/state",
        "REJECTS_FILE": f"{world.folder}/nowhere/rejects.ndjson",
    }
    done = command("event_processor", "check", "--job", "inspect", **{**world.settings, **broken})
    assert done.returncode == 1
    fatal = [line for line in done.stdout.splitlines() if line.startswith("FATAL")]
    assert [line.split()[1] for line in fatal] == ["CONTRACTS", "STATE", "REJECTS_FILE"]

    wrong = {"INSPECT_STREAM": "other", "NOTICES": "slack:https://hooks.example/hush-7f"}
    for job in ("check", "provision"):
        done = command("event_processor", job, "--job", "inspect", **{**world.settings, **wrong})
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "INSPECT_STREAM: was 'other'" in done.stderr
        assert "segment" in done.stderr
    shown = command("event_processor", "config", "--job", "inspect", **{**world.settings, **wrong})
    assert shown.returncode == 0
    assert "hush-7f" not in shown.stdout + done.stderr
