"""Rejects as an operator works with them: listed, shown, repaired, replayed, once."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mypy_boto3_kinesis import KinesisClient

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Judge, Refused
from event_processor.contracts.streams import Stream, Template
from event_processor.ids import event_id
from event_processor.rejects.of_records import reject_of
from event_processor.rejects.ports import RejectStore
from event_processor.stores.objects_directory import DirectoryObjects
from event_processor.stores.reject_file import FileRejects
from event_processor.stores.reject_lake import LakeRejects
from tests.eventually import eventually
from tests.system.processes import Child, Emulator, Fleet, Processor, command
from tests.unit.samples import process, rejects, submission

FIX = """
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    print(json.dumps(event | {"cmdl": "unknown"} if event.get("cmdl") == "" else None))
"""


def events_of(kinesis: KinesisClient) -> list[dict[str, Any]]:
    """All events on the stream."""
    found = []
    for shard in kinesis.list_shards(StreamName="events")["Shards"]:
        where = kinesis.get_shard_iterator(
            StreamName="events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=where)
            found += [json.loads(record["Data"]) for record in answer["Records"]]
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                break
            where = answer["NextShardIterator"]
    return found


def has_events(kinesis: KinesisClient) -> bool:
    """Whether anything is on the stream; unlike `events_of` it does not follow a writer until that has ended."""
    shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName="events")["Shards"]]
    starts = [
        kinesis.get_shard_iterator(StreamName="events", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        for shard in shards
    ]
    return any(kinesis.get_records(ShardIterator=start["ShardIterator"], Limit=1)["Records"] for start in starts)


class Operator:
    """Types `event-processor rejects ...`."""

    def __init__(self, endpoint: str, **settings: str) -> None:
        self._settings = {"AWS_ENDPOINT_URL": endpoint, **settings}

    def types(self, *arguments: str, exit_code: int = 0) -> str:
        """What it printed, after it ended with that exit code."""
        done = command("event_processor", "rejects", *arguments, **self._settings)
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout

    def groups(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What `list` tells."""
        return {(group["reason"], group["pointer"]): group for group in json.loads(self.types("list", "--json"))}


@pytest.mark.parametrize(
    "store", ["sqs", pytest.param("file", marks=pytest.mark.prove), pytest.param("lake", marks=pytest.mark.prove)]
)
def test_rejected_repaired_replayed(tmp_path: Path, store: str) -> None:
    """Repaired events get to the stream once, with the ids and sequences they always had; a second replay adds none."""
    fix = tmp_path / "fix.py"
    fix.write_text(FIX)
    cause = ["--reason", "empty", "--pointer", "/events/new_process/*/cmdl"]
    replay = ["replay", *cause, "--fix", f"{sys.executable} {fix}"]
    settings = {"REJECTS": store, "REJECTS_FILE": str(tmp_path / "rejects.ndjson"), "LAKE": f"dir:{tmp_path}/lake"}
    mine = submission(events={"new_process": [process(), process(cmdl=""), process(), process(cmdl="")]})
    with Emulator(tmp_path) as aws:
        aws.provision()
        operator = Operator(aws.endpoint, **settings)
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            fleet = Fleet(tmp_path, aws.endpoint)
            fleet.send(150, "--invalid-share", "0.5")
            aws.send(json.dumps(mine))
            fleet.audit("--allow-others")
            eventually(lambda: aws.depth() == (0, 0))
            assert processor.terminate() == 0
        before = events_of(aws.kinesis)

        groups = operator.groups()
        group = groups["empty", "/events/new_process/*/cmdl"]
        assert group["rejects"] >= 2
        assert f"{group['rejects']} " in operator.types("list")
        shown = json.loads(operator.types("show", group["example"]))
        assert shown["document"]["cmdl"] == ""
        assert shown["original"]

        assert f"would publish {group['rejects']} events" in operator.types(*replay, "--dry-run")
        assert len(events_of(aws.kinesis)) == len(before)
        assert f"published {group['rejects']} events" in operator.types(*replay)
        after = events_of(aws.kinesis)
        assert "published nothing" in operator.types(*replay)
        assert len(events_of(aws.kinesis)) == len(after) == len(before) + group["rejects"]

        left = operator.groups()
        assert {key: found["rejects"] - found["replayed"] for key, found in left.items() if found["replayed"] == 0} == {
            key: found["rejects"] for key, found in groups.items() if found is not group
        }

    added = [event for event in after if event["event_id"] not in {event["event_id"] for event in before}]
    assert len({event["event_id"] for event in added}) == len(added) == group["rejects"]
    assert {event["event_data"]["cmdl"] for event in added} == {"unknown"}
    of_mine = [(e["event_id"], e["sequence"]) for e in added if e["submission_id"] == mine["submission_id"]]
    assert of_mine == [(event_id(mine["submission_id"], "new_process", number), number) for number in (1, 3)]


def test_a_whole_submission_repaired(tmp_path: Path) -> None:
    """A submission that was rejected as a whole is published as any, once its document is repaired."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        operator = Operator(aws.endpoint, REJECTS="sqs")
        with Processor(tmp_path, aws.endpoint, REJECTS="sqs") as processor:
            aws.send(json.dumps(submission(time_created="yesterday")))
            processor.wait_for("submissions_deleted_total", 1)
        operator.types("replay", exit_code=1)
        assert events_of(aws.kinesis) == []
        operator.types("replay", "--fix", "sed s/yesterday/2021-03-28T15:44:18/")
        assert sorted(event["sequence"] for event in events_of(aws.kinesis)) == [0, 1]
        assert operator.groups() == {}


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["list"], 2, "REJECTS: was 'log'"),
        (["list", "--file", "nowhere.ndjson"], 1, "nowhere.ndjson"),
        (["list", "--queue", "nowhere"], 1, "nowhere"),
        (["list", "--queue", "a", "--file", "b"], 2, "give only one"),
        (["list", "--lake", "lake"], 2, "dir:FOLDER"),
        (["list", "--lake", "dir:/proc/version"], 1, "/proc/version"),
        (["show", "--queue", "submissions-rejects", "x"], 1, "no reject has the id x"),
        (["replay", "--queue", "submissions-rejects", "--since", "monday"], 2, "monday"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, arguments: list[str], exit_code: int, said: str) -> None:
    """A wrong store, a wrong id or a time that is none is one line that names it."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        done = command("event_processor", "rejects", *arguments, AWS_ENDPOINT_URL=aws.endpoint)

    assert done.returncode == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_deploy_does_not_reject_a_whole_queue(tmp_path: Path) -> None:
    """Too many rejects end receiving: alive, not ready, with the reason, the metric and one line; SIGTERM is clean."""
    with Emulator(tmp_path) as aws:
        aws.provision()
        aws.send(*["nonsense{"] * 200)
        settings = {"REJECTS": "sqs", "REJECT_LIMIT_CONSECUTIVE": "20", "LOG_LEVEL": "INFO"}
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            [reason] = eventually(lambda: [reason for reason in processor.reasons() if "limit" in reason])
            assert "20 submissions in a row" in reason
            assert "restart" in reason
            eventually(lambda: aws.depth()[1] == 0)
            assert aws.depth()[0] > 100
            assert processor.get("/livez")[0] == 200
            assert processor.metric("reject_limit_reached") == 1
            [line] = processor.written("reject limit reached, nothing more is received: fix the cause, then restart")
            assert line["level"] == "error"
            assert processor.terminate() == 0


def check(aws: Emulator, **settings: str) -> tuple[int, list[str]]:
    """What `check` said that will hurt, and its exit code."""
    done = command("event_processor", "check", AWS_ENDPOINT_URL=aws.endpoint, **settings)
    assert "Traceback" not in done.stderr
    return done.returncode, [line for line in done.stdout.splitlines() if line.startswith(("WARNING", "FATAL"))]


@pytest.mark.parametrize("store", ["file", "sqs"])
def test_check_says_that_rejects_are_envelopes(tmp_path: Path, store: str) -> None:
    """Whoever has forgotten raw message delivery hears it from `check`, and the rejects stay where and as they are."""
    settings = {"REJECTS": store, "REJECTS_FILE": str(tmp_path / "rejects.ndjson")}
    with Emulator(tmp_path) as aws:
        aws.provision()
        before = check(aws, **settings)[1]
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            notice = {"Type": "Notification", "TopicArn": "arn:x", "Message": json.dumps(submission())}
            aws.send(*[json.dumps(notice | {"MessageId": str(number)}) for number in range(3)], "nonsense{")
            processor.wait_for("submissions_deleted_total", 4)
            assert processor.terminate() == 0
        code, after = check(aws, **settings)
        [found] = set(after) - set(before)
        [group] = [
            group for (reason, _), group in Operator(aws.endpoint, **settings).groups().items() if reason != "not_json"
        ]

    assert code == 0
    assert found.startswith("WARNING: of the latest 4 rejects 3 came as an SNS message: turn on raw message delivery")
    assert group["rejects"] == 3


def test_check_tries_the_file(tmp_path: Path) -> None:
    """A file of rejects that cannot be written to is found before the first reject, in one line; no trace is left."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "folder").mkdir()
    with Emulator(tmp_path) as aws:
        aws.provision()
        for name in ("link", "folder", "missing/rejects"):
            code, said = check(aws, REJECTS="file", REJECTS_FILE=str(tmp_path / name))
            assert code == 1
            assert [line for line in said if line.startswith("FATAL: REJECTS_FILE") and name in line]
        assert check(aws, REJECTS="file", REJECTS_FILE=str(tmp_path / "folder" / "new"))[0] == 0
    assert list((tmp_path / "folder").iterdir()) == []


def test_check_tries_the_lake(tmp_path: Path) -> None:
    """A lake that cannot be written to is found before the first reject, in one line."""
    (tmp_path / "taken").write_text("")
    with Emulator(tmp_path) as aws:
        aws.provision()
        code, said = check(aws, REJECTS="lake", LAKE=f"dir:{tmp_path}/taken")
        assert code == 1
        assert [line for line in said if line.startswith("FATAL: LAKE cannot be used") and "taken" in line]
        assert check(aws, REJECTS="lake", LAKE=f"dir:{tmp_path}/lake")[0] == 0


WAITS = """
import pathlib, sys, time
there, go = map(pathlib.Path, sys.argv[1:])
there.touch()
while not go.exists():
    time.sleep(0.05)
sys.stdout.write(sys.stdin.read().replace('"cmdl": ""', '"cmdl": "x"'))
"""


@pytest.mark.parametrize("store", ["file", "sqs"])
def test_only_one_replay_at_a_time(tmp_path: Path, store: str) -> None:
    """While one replay works, two others are refused in one line, exit code 1; each event goes out once, in order."""
    settings = {"REJECTS": store, "REJECTS_FILE": str(tmp_path / "rejects.ndjson"), "REJECT_LIMIT_SHARE": "0"}
    (tmp_path / "waits.py").write_text(WAITS)
    there, go = tmp_path / "there", tmp_path / "go"
    waiting = f"{sys.executable} {tmp_path / 'waits.py'} {there} {go}"
    mine = submission(events={"new_process": [process(cmdl="") for _ in range(25)], "network_connection": []})
    with Emulator(tmp_path) as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            aws.send(json.dumps(mine))
            processor.wait_for("submissions_deleted_total", 1)
            assert processor.terminate() == 0
        replay = ["event_processor", "rejects", "replay", "--fix", waiting]
        with Child(tmp_path, replay, {"AWS_ENDPOINT_URL": aws.endpoint, **settings}) as first:
            eventually(there.exists, "the first replay to be at work")
            for _ in range(2):
                refused = command(*replay, AWS_ENDPOINT_URL=aws.endpoint, **settings)
                assert refused.returncode == 1
                assert "another replay" in refused.stderr
                assert len([line for line in refused.stderr.splitlines() if not line.startswith("WARNING")]) == 1
            go.touch()
            assert first.exit_code(240) == 0, first.errors
        events = events_of(aws.kinesis)

    assert [event["sequence"] for event in events] == list(range(25))


def test_of_three_replays_at_once_one_stays(tmp_path: Path) -> None:
    """Three replays that start together on a queue settle who goes on; no event is sent twice or out of order."""
    settings = {"REJECTS": "sqs", "REJECT_LIMIT_SHARE": "0"}
    mine = submission(events={"new_process": [process(cmdl="") for _ in range(60)], "network_connection": []})
    with Emulator(tmp_path) as aws, ExitStack() as running:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            aws.send(json.dumps(mine))
            processor.wait_for("submissions_deleted_total", 1)
            assert processor.terminate() == 0
        replay = ["event_processor", "rejects", "replay", "--fix", 'sed s/\\"\\"/\\"x\\"/']
        environment = {"AWS_ENDPOINT_URL": aws.endpoint, **settings}
        replays = [running.enter_context(Child(tmp_path, replay, environment)) for _ in range(3)]
        codes = [each.exit_code(240) for each in replays]
        if 0 not in codes:  # none had the patience, so nothing was sent, and the next one finds everything
            assert events_of(aws.kinesis) == []
            assert command(*replay, **environment).returncode == 0
        sequences = [event["sequence"] for event in events_of(aws.kinesis)]

    assert set(codes) <= {0, 1}
    assert sequences == list(range(60))


def test_after_a_killed_replay_the_next_one_is_right(tmp_path: Path) -> None:
    """A replay killed in the middle holds up no other: all events are there in the end, first copies in order."""
    settings = {"REJECTS": "file", "REJECTS_FILE": str(tmp_path / "rejects.ndjson"), "REJECT_LIMIT_SHARE": "0"}
    mine = submission(events={"new_process": [process(cmdl="") for _ in range(150)], "network_connection": []})
    with Emulator(tmp_path, "--latency-ms", "60") as aws:
        aws.provision()
        with Processor(tmp_path, aws.endpoint, **settings) as processor:
            aws.send(json.dumps(mine))
            processor.wait_for("submissions_deleted_total", 1)
            assert processor.terminate() == 0
        replay = ["event_processor", "rejects", "replay", "--fix", 'sed s/\\"\\"/\\"x\\"/']
        with Child(tmp_path, replay, {"AWS_ENDPOINT_URL": aws.endpoint, **settings}) as first:
            eventually(lambda: has_events(aws.kinesis), "the first events")
            first.kill()
        assert 0 < len(events_of(aws.kinesis)) < 150
        done = command(*replay, AWS_ENDPOINT_URL=aws.endpoint, **settings)
        assert "published 150 events" in done.stdout, done.stderr
        sequences = [event["sequence"] for event in events_of(aws.kinesis)]

    assert list(dict.fromkeys(sequences)) == list(range(150))


HOSTILE = "\x1b[2J\u202e[red]\n"


def test_a_store_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Escapes, line breaks and markup in a store, or in a file's name, are shown and not obeyed, by every command."""
    [sound] = rejects("nonsense")
    kept = json.loads(sound.to_json()) | {
        "reject_id": f"id{HOSTILE}",
        "reason": f"why{HOSTILE}",
        "pointer": f"/a{HOSTILE}",
    }
    file = tmp_path / "odd\x1b[31m.ndjson"
    file.write_text(json.dumps(kept) + "\ntorn\n")
    with Emulator(tmp_path) as aws:
        aws.provision()
        for arguments in (["list"], ["list", "--json"], ["show", f"id{HOSTILE}"], ["replay"], ["show", HOSTILE]):
            done = command("event_processor", "rejects", *arguments, "--file", str(file), AWS_ENDPOINT_URL=aws.endpoint)
            said = done.stdout + done.stderr
            assert said.replace("\n", "").isprintable(), said
            assert "[red]" in said
            assert "Traceback" not in said


CONTRACT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "x-subject": "page/A",
    "x-version": "1-0-0",
    "type": "object",
    "properties": {"age": {"type": "integer"}, "messageId": {"type": "string"}},
    "required": ["age"],
}


def pages(number: int) -> list[StreamRecord]:
    """So many records of two keys, all with one fault."""
    page = {"type": "page", "name": "A", "age": "80"}
    now = datetime.now(UTC)
    return [
        StreamRecord(str(10**55 + each), f"key-{each % 2}", now, json.dumps(page | {"messageId": f"m-{each}"}).encode())
        for each in range(number)
    ]


def reject_all(records: Sequence[StreamRecord], store: RejectStore) -> None:
    """As the inspector does it, by the contract."""
    judge = Judge(Stream("events", Template.parse("{type}/{event|name}"), id="messageId"))
    live = ContractSet(1, datetime.now(UTC), {"page/A": Contract.compile(CONTRACT)})
    rejected = []
    for record in records:
        refused = judge.judge(record.data, live)
        assert isinstance(refused, Refused)
        rejected.append(reject_of(refused, "events", "shardId-000000000000", record, datetime.now(UTC)))
    store.store(rejected)


@pytest.mark.parametrize("store", ["lake", pytest.param("file", marks=pytest.mark.prove)])
def test_records_of_a_stream_replayed(tmp_path: Path, store: str) -> None:
    """Once a new contract takes them, rejected records go back onto their stream, once, in the order of their key."""
    (tmp_path / "streams.yaml").write_text("streams: {events: {contract: '{type}/{event|name}', id: messageId}}")
    (tmp_path / "contract.json").write_text(json.dumps(CONTRACT))
    settings = {
        "REJECTS": store,
        "REJECTS_FILE": str(tmp_path / "rejects.ndjson"),
        "LAKE": f"dir:{tmp_path}/lake",
        "STREAMS_FILE": str(tmp_path / "streams.yaml"),
        "CONTRACTS": f"dir:{tmp_path}/contracts",
        "STREAM_NAME": "not-there",  # of submissions; there are none
    }
    lake = LakeRejects(DirectoryObjects(tmp_path / "lake"), "inspect")
    reject_all(pages(20), lake if store == "lake" else FileRejects(tmp_path / "rejects.ndjson"))

    def publishes(document: dict[str, Any]) -> None:
        (tmp_path / "contract.json").write_text(json.dumps(document))
        done = command("event_processor", "contracts", "publish", str(tmp_path / "contract.json"), **settings)
        assert done.returncode == 0, done.stdout + done.stderr

    with Emulator(tmp_path) as aws:
        aws.provision()
        operator = Operator(aws.endpoint, **settings)
        [group] = json.loads(operator.types("list", "--json"))
        assert (group["subject"], group["reason"], group["pointer"]) == ("page/A", "wrong_type", "/age")
        assert json.loads(operator.types("show", group["example"]))["document"]["age"] == "80"
        publishes(CONTRACT)
        operator.types("replay", exit_code=1)
        assert events_of(aws.kinesis) == []
        assert "published 1 record of 1 reject\n" in operator.types(
            "replay", "--id", group["example"], "--fix", 'sed s/\\"80\\"/80/'
        )
        publishes(CONTRACT | {"x-version": "1-1-0", "properties": {"age": {"type": ["integer", "string"]}}})
        assert "published 19 records of 19 rejects\n" in operator.types("replay", "--subject", "page/A")
        assert "published nothing" in operator.types("replay")
        sent = events_of(aws.kinesis)
        [group] = json.loads(operator.types("list", "--json"))

    assert sorted(event["messageId"] for event in sent) == sorted(f"m-{number}" for number in range(20))
    numbers = [int(event["messageId"][2:]) for event in sent if event["age"] == "80"]
    for key in (0, 1):
        of_one = [number for number in numbers if number % 2 == key]
        assert of_one == sorted(of_one)
    assert (group["rejects"], group["replayed"]) == (20, 20)


@pytest.mark.parametrize(
    ("streams", "exit_code", "said"),
    [
        ("{events: {contract: '{type}/{event|name}'}}", 1, "stream events has no `id`"),
        ("{others: {contract: other, id: id}}", 2, "has no stream events"),
    ],
)
def test_replay_without_an_id_is_refused(tmp_path: Path, streams: str, exit_code: int, said: str) -> None:
    """Records of a stream without an id, or that the streams file does not know, are not replayed, and one line why."""
    (tmp_path / "streams.yaml").write_text(f"streams: {streams}")
    reject_all(pages(3), FileRejects(tmp_path / "rejects.ndjson"))
    with Emulator(tmp_path) as aws:
        aws.provision()
        settings = {"STREAMS_FILE": str(tmp_path / "streams.yaml"), "AWS_ENDPOINT_URL": aws.endpoint}
        replay = ["rejects", "replay", "--file", str(tmp_path / "rejects.ndjson")]
        done = command("event_processor", *replay, **settings)
        assert events_of(aws.kinesis) == []

    assert done.returncode == exit_code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
