"""The Lambda function on a stream, in this process, with an emulator behind it: what it answers and what it stores."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_processor.bootstrap.lambda_inspection import InspectionFunction
from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Judge
from event_processor.contracts.watcher import Watcher
from event_processor.errors import NotAKinesisEvent, SettingsError
from event_processor.inspection.invocation import Means, inspected
from event_processor.inspection.told import Teller
from event_processor.inspection.verdicts import Bench
from event_processor.rejects.reject import Reject
from event_processor.settings.lambda_inspection import LambdaInspectionSettings
from event_processor.settings.loading import load
from event_processor.stores.contract_directory import DirectoryContracts
from event_processor.testing import ManualClock, MemoryRejects, RecordingObserver
from local_aws import Faults, LocalAws
from tests.eventually import eventually
from tests.inspecting import STREAM, MemoryNotices, Scene, contract, page
from tests.integration.test_lambda_function import Context

GOLDEN = Path(__file__).parent.parent / "fixtures" / "lambda-kinesis-event.json"
GOLDEN_CONTRACT = {
    "x-subject": "page/Policy Type",
    "x-version": "1-0-0",
    "properties": {
        "properties": {
            "properties": {
                "gender": {"enum": ["male", "female", "other"]},
                "visitorUUID": {"type": "string", "format": "uuid"},
            }
        }
    },
}


def kinesis_event(*records: bytes) -> dict[str, Any]:
    """As the mapping makes it."""
    arrived = datetime.now(UTC).timestamp()
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "key",
                    "sequenceNumber": str(number),
                    "data": base64.b64encode(data).decode(),
                    "approximateArrivalTimestamp": arrived,
                },
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-000000000000:{number}",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/segment",
            }
            for number, data in enumerate(records, 1)
        ]
    }


def publish(folder: Path, schema: dict[str, Any]) -> None:
    """Make it live in the directory, as git would."""
    place = folder / "contracts" / schema["x-subject"].replace("/", "%2F").replace(" ", "%20")
    place.mkdir(parents=True)
    (place / f"{schema['x-version']}.json").write_text(json.dumps(schema))
    (place / "live").write_text(f"{schema['x-version']}\n")


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of two contracts that have been there for a while."""
    folder = tmp_path_factory.mktemp("settled")
    publish(folder, GOLDEN_CONTRACT)
    publish(folder, {"x-subject": "page/Home", "x-version": "1-0-0", "properties": {"age": {"type": "integer"}}})
    registry = DirectoryContracts(folder / "contracts")
    eventually(lambda: registry.epoch() and not registry.unseen_seconds, "its files to be at rest")
    return folder / "contracts"


@pytest.fixture(autouse=True)
def _somewhere(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settled: Path) -> None:
    """A streams file, contracts in a directory, and a queue of rejects on an emulator."""
    (tmp_path / "streams.yaml").write_text('streams:\n  segment:\n    contract: "{type}/{event|name}"\n')
    (tmp_path / "contracts").symlink_to(settled)
    settings = {
        "STREAMS_FILE": str(tmp_path / "streams.yaml"),
        "CONTRACTS": f"dir:{tmp_path}/contracts",
        "REJECTS": "sqs",
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    queue(aws).create_queue(QueueName="submissions-rejects")


def queue(aws: LocalAws) -> Any:
    """A client of SQS."""
    return boto3.Session(region_name="us-east-1").client("sqs", endpoint_url=aws.endpoint)


def stored(aws: LocalAws) -> list[dict[str, Any]]:
    """The rejects on the queue, by their records."""
    sqs, found = queue(aws), []
    url = sqs.get_queue_url(QueueName="submissions-rejects")["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return sorted(found, key=lambda reject: str(reject["source_id"]))


def function() -> InspectionFunction:
    """As at a cold start."""
    return InspectionFunction(load(LambdaInspectionSettings))


def test_the_golden_event(aws: LocalAws) -> None:
    """The event that Lambda sends for a Segment page with two planted defects is one reject with just these faults."""
    answer = function()(json.loads(GOLDEN.read_text()), Context())

    assert answer == {"batchItemFailures": []}
    [reject] = stored(aws)
    found = {(fault["reason"], fault["pointer"]) for fault in reject["faults"]}
    assert found == {("not_in_enum", "/properties/gender"), ("not_a_uuid", "/properties/visitorUUID")}
    assert reject["subject"] == "page/Policy Type"


def test_a_store_that_fails(aws: LocalAws) -> None:
    """What comes before the first record whose reject cannot be stored is finished; from there on all come again."""
    running = function()
    event = kinesis_event(page(age=1), b"{", page(age=2))  # a reject that waits for no contract
    aws.faults = Faults(fail_call=1, fail_codes=("ServiceUnavailable",), fail_operations=("SendMessageBatch",))
    assert running(event, Context(8)) == {"batchItemFailures": [{"itemIdentifier": "2"}]}

    aws.faults = Faults()
    assert running(event, Context()) == {"batchItemFailures": []}
    assert [reject["source_id"] for reject in stored(aws)] == ["shardId-000000000000/2"]


def test_a_registry_that_is_down(aws: LocalAws, tmp_path: Path) -> None:
    """While contracts cannot be read nothing is rejected that depends on them: the records come again."""
    (tmp_path / "contracts").rename(tmp_path / "elsewhere")
    running = function()
    assert running(kinesis_event(b"{", page(age=1)), Context())["batchItemFailures"] == [{"itemIdentifier": "2"}]

    (tmp_path / "elsewhere").rename(tmp_path / "contracts")
    assert running(kinesis_event(b"{", page(age=1)), Context()) == {"batchItemFailures": []}
    assert {reject["source_id"] for reject in stored(aws)} == {"shardId-000000000000/1"}


def test_a_contract_published_meanwhile_counts(aws: LocalAws, tmp_path: Path) -> None:
    """A function that runs already accepts what a contract says that was published just before the record came."""
    (tmp_path / "contracts").unlink()
    publish(tmp_path, GOLDEN_CONTRACT)
    running = function()
    publish(tmp_path, {"x-subject": "page/New", "x-version": "1-0-0"})
    event, done = kinesis_event(page("New")), {"batchItemFailures": list[Any]()}
    eventually(lambda: running(event, Context()) == done, "the files of the directory to be at rest for a second")

    assert stored(aws) == []


def test_what_cannot_be_read_comes_again() -> None:
    """From a record that is none on all come again; without a number, or of another stream, the invocation fails."""
    running = function()
    event = kinesis_event(page(age=1), page(age=2), page(age=3))
    event["Records"][1]["kinesis"]["data"] = "no base64!"
    assert running(event, Context()) == {"batchItemFailures": [{"itemIdentifier": "2"}]}

    bents: list[Any] = [{}, {"Records": [{}]}, {"Records": [{"eventSource": "aws:sqs"}]}, []]
    for bent in bents:
        with pytest.raises(NotAKinesisEvent):
            running(bent, Context())
    event["Records"][0]["eventSourceARN"] = "arn:aws:kinesis:us-east-1:000000000000:stream/other"
    with pytest.raises(NotAKinesisEvent, match="INSPECT_STREAM is 'segment'"):
        running(event, Context())


def test_no_time() -> None:
    """With less time than the margin nothing is begun, and all come again."""
    assert function()(kinesis_event(page(age=1)), Context(1)) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert function()({"Records": []}, Context()) == {"batchItemFailures": []}


def test_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    """Every invocation prints what it did for CloudWatch, verdicts by subject, unknown names never."""
    function()(kinesis_event(page(age=1), page(age="x"), page("Nowhere")), Context())

    blobs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {blob["_aws"]["CloudWatchMetrics"][0]["Namespace"] for blob in blobs} == {"event_inspector"}
    whole = blobs[0]
    assert (whole["records"], whole["verdicts"], whole["rejects"], whole["records_unfinished"]) == ([3], [3], [2], [0])
    verdicts = {(blob["subject"], blob["verdict"]): blob["verdicts"] for blob in blobs if "verdict" in blob}
    assert verdicts == {("page/Home", "accepted"): [1], ("page/Home", "rejected"): [1], ("unknown", "rejected"): [1]}


def test_what_comes_again_is_counted_once(aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    """Records behind a reject that could not be stored come again, and are counted as accepted then, not twice."""
    running, event = function(), kinesis_event(page(age=1), page(age="x"), page(age=2))
    aws.faults = Faults(fail_call=1, fail_codes=("ServiceUnavailable",), fail_operations=("SendMessageBatch",))
    running(event, Context(8))
    aws.faults = Faults()
    event["Records"] = event["Records"][1:]
    running(event, Context())

    blobs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(blob["verdicts"][0] for blob in blobs if blob.get("verdict") == "accepted") == 2


def test_records_by_enhanced_fan_out() -> None:
    """The event of a mapping on a consumer of the stream names that consumer, and is of the stream all the same."""
    event = kinesis_event(page(age=1))
    event["Records"][0]["eventSourceARN"] += "/consumer/inspector:1767323045"
    assert function()(event, Context()) == {"batchItemFailures": []}


def test_a_folder_is_no_lake_for_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a function writes to its disk is gone: such a lake is refused in one line."""
    monkeypatch.setenv("REJECTS", "lake")
    with pytest.raises(SettingsError, match="LAKE: was 'dir:lake'"):
        function()


def _by_invocation(records: Sequence[StreamRecord]) -> list[Reject]:
    """The rejects of the function's core, handed the same records."""
    clock, rejects, observer = ManualClock(), MemoryRejects(), RecordingObserver()
    scene = Scene([], contract("page/Home"))
    watcher = Watcher(None, observer, clock, 1e9)  # type: ignore[arg-type]  # it is not asked
    watcher.current, watcher._asked_at = scene.contracts.current, clock.monotonic()
    watcher.current = watcher.current._replace(read_at=clock.now())
    means = Means(
        bench=Bench(Judge(STREAM), observer),
        watcher=watcher,
        rejects=lambda: rejects,
        teller=Teller(MemoryNotices(), observer, STREAM.name, None),
        clock=clock,
        observer=observer,
        stream=STREAM.name,
    )
    assert inspected(means, "shard-0", records, 10.0) == len(records)
    return rejects.stored


@given(st.lists(st.one_of(st.binary(max_size=9), st.builds(page, age=st.sampled_from([1, "1", None]))), max_size=9))
def test_both_ways_reject_the_same(records: list[bytes]) -> None:
    """Process and function store the same rejects, byte for byte but for the times."""
    scene = Scene(records, contract("page/Home"))
    scene.turn(12, seconds=2)
    by_process = [_timeless(reject) for reject in scene.stored]

    assert by_process == [_timeless(reject) for reject in _by_invocation(scene.reading.shards["shard-0"])]


def _timeless(reject: Reject) -> str:
    return reject.to_json().replace(reject.origin.received_at.isoformat(), "then")
