"""Whatever the answer to a call says, the call has a result or has failed; with each transport."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from event_processor.aws import provisioning
from event_processor.aws.calls import Calls
from event_processor.aws.clients import Clients
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.resources import ResourceReader
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.publishing.stream import Record
from event_processor.submissions.delivery import Delivery
from event_processor.testing import RecordingObserver
from tests.bent import Bender, Reply, Request, bending, plain
from tests.contract import backends

NOW: Final = datetime.now(UTC)
DELIVERIES: Final = [Delivery(name, f"handle {name}", "{}", 1, NOW, NOW) for name in "ab"]
MESSAGE: Final = {
    "MessageId": "m",
    "ReceiptHandle": "h",
    "Body": "{}",
    "Attributes": {"SentTimestamp": "1700000000000", "ApproximateReceiveCount": "1", "MessageGroupId": "g"},
    "MessageAttributes": {"traceparent": {"StringValue": "x", "DataType": "String"}},
}
SUMMARY: Final = {
    "StreamStatus": "ACTIVE",
    "OpenShardCount": 1,
    "MaxRecordSizeInKiB": 1024,
    "StreamModeDetails": {"StreamMode": "PROVISIONED"},
    "RecordDistributionStrategy": "USER_PARTITION_KEY",
}
ATTRIBUTES: Final = {
    "VisibilityTimeout": "30",
    "MaximumMessageSize": "1048576",
    "RedrivePolicy": json.dumps({"maxReceiveCount": 10, "deadLetterTargetArn": "arn"}),
    "ApproximateNumberOfMessages": "0",
    "QueueArn": "arn",
}
SHARD: Final = {
    "ShardId": "shard-0",
    "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "9"},
    "SequenceNumberRange": {"StartingSequenceNumber": "1"},
}


def good(request: Request) -> Any:
    """What AWS answers."""
    ids = [entry["Id"] for entry in json.loads(request.body).get("Entries", [])]
    answers: dict[str, Any] = {
        "ReceiveMessage": {"Messages": [MESSAGE, MESSAGE | {"MessageId": "n"}]},
        "PutRecords": {"Records": [{"ShardId": "s", "SequenceNumber": "1"}, {"ErrorCode": "InternalFailure"}]},
        "ListShards": {"Shards": [SHARD]},
        "GetQueueUrl": {"QueueUrl": "http://127.0.0.1/1/q"},
        "GetQueueAttributes": {"Attributes": ATTRIBUTES},
        "DescribeStreamSummary": {"StreamDescriptionSummary": SUMMARY},
    }
    if ids:
        return {
            "Successful": [{"Id": name} for name in ids[1:]],
            "Failed": [{"Id": ids[0], "Code": "InternalError", "SenderFault": False, "Message": "no"}],
        }
    return answers.get(request.operation, {})


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every field and every element: its container, and its name or number."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield tree, key
        yield from places(tree[key])


STRANGE: Final = [None, 7, -1, 1.5, True, "", "text", "\x00", [], [None], [7], {}, {"a": None}, "9" * 5000]


class Mutant:
    """Answers like AWS, but for one field."""

    def __init__(self) -> None:
        self.place, self.change, self.status, self.date = 0, 0, "200 OK", ""

    def __call__(self, request: Request) -> Reply:
        """Answers."""
        answer: Any = {"answer": good(request)}
        if self.status != "200 OK":
            answer = {"answer": {"__type": "InvalidSignatureException", "message": "no", "Error": {"Code": "x"}}}
        answer = copy.deepcopy(answer)
        found = [place for place in places(answer) if place[1] != "answer"]
        if found:
            container, key = found[self.place % len(found)]
            self._change(container, key)
        body = plain(json.dumps(answer["answer"]).encode(), self.status)
        return Reply(body.replace(b"\r\n", f"\r\nDate: {self.date}\r\n".encode(), 1))

    def _change(self, container: Any, key: Any) -> None:
        if self.change < len(STRANGE):
            container[key] = STRANGE[self.change]
        elif self.change == len(STRANGE):
            del container[key]
        elif isinstance(container, dict):
            container[f"{key}x"] = container.pop(key)


def calls(clients: Clients, endpoint: str) -> dict[str, Callable[[], object]]:
    """Every call we make, tried once."""
    observer = RecordingObserver()
    once = Calls(observer, attempts=1)

    def source(name: str) -> SqsSource:
        queue = clients.queue(pool=1)
        made = SqsSource(queue, queue, f"{endpoint}/1/{name}", Polling(10, 0, 30, True), SystemClock(), observer)
        made._calls = once
        return made

    sink = KinesisSink(clients.stream(pool=1), "events", observer)
    sink._calls = once
    standard, fifo = source("q"), source("q.fifo")
    inspector = ResourceReader(clients.sqs(1), clients.kinesis(1), observer, attempts=1)
    provisioner = provisioning.Provisioner(clients.sqs(1), clients.kinesis(1))
    records = [Record("key", b"{}", "new_process", number) for number in range(2)]
    return {
        "receive": standard.receive,
        "receive fifo": fifo.receive,
        "delete": lambda: standard.delete(DELIVERIES),
        "extend": lambda: standard.change_visibility([(delivery, 1) for delivery in DELIVERIES]),
        "put": lambda: sink.put(records),
        "shards": sink.shards,
        "queue": lambda: inspector.queue("q"),
        "stream": lambda: inspector.stream("events"),
        "provision": lambda: list(provisioner.provision("q", "r", "events", 1)),
    }


@pytest.fixture(scope="module", params=["lean", "boto3"])
def rig(request: pytest.FixtureRequest) -> Iterator[tuple[Mutant, dict[str, Callable[[], object]], Bender]]:
    """A server of mutants, and all calls to it, with each transport."""
    mutant = Mutant()
    with pytest.MonkeyPatch.context() as patch, bending(mutant) as server:
        patch.setenv("AWS_TRANSPORT", request.param)
        patch.setattr(provisioning, "_ACTIVE_SECONDS", 0)  # a mutant's stream never becomes ACTIVE
        yield mutant, calls(backends.clients(server.endpoint), server.endpoint), server


def _try(rig: Any, name: str, place: int, change: int, status: str, date: str) -> None:
    mutant, every, _ = rig
    mutant.place, mutant.change, mutant.status, mutant.date = place, change, status, date
    try:
        every[name]()
    except CallFailed as failure:
        assert "\n" not in str(failure)  # noqa: PT017 - either is right


NAMES: Final = [
    "receive", "receive fifo", "delete", "extend", "put", "shards", "queue", "stream", "provision"
]  # fmt: skip
MUTANTS: Final = {
    "name": st.sampled_from(NAMES),
    "place": st.integers(0, 40),
    "change": st.integers(0, len(STRANGE) + 1),
    "status": st.sampled_from(["200 OK", "200 OK", "200 OK", "400 Bad Request", "500 Internal Server Error"]),
    "date": st.sampled_from(["", "yesterday", "Thu, 01 Jan 99999 00:00:00 GMT", "0"]),
}


@settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(**MUTANTS)
def test_any_field_may_be_anything(rig: Any, name: str, place: int, change: int, status: str, date: str) -> None:
    """A field that is null, missing, misspelt or of another type is a failed call at worst, never another exception."""
    _try(rig, name, place, change, status, date)


@pytest.mark.prove
@settings(max_examples=5000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(**MUTANTS)
def test_any_field_may_be_anything_at_length(
    rig: Any, name: str, place: int, change: int, status: str, date: str
) -> None:
    """The same, often."""
    _try(rig, name, place, change, status, date)


def served(answer: Any) -> Any:
    """A source of a service that answers this."""
    return backends.canned(answer)


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("answer", [{"Messages": None}, {}, {"Messages": []}])
def test_null_is_no_message(answer: Any) -> None:
    """`"Messages": null`, which SQS itself sent in November 2023, is an empty poll (aws/aws-sdk-ruby#2947)."""
    with served(answer) as endpoint:
        assert calls(backends.clients(endpoint), endpoint)["receive"]() == []


@pytest.mark.usefixtures("transport")
def test_no_attributes() -> None:
    """Without system attributes a message is taken, its age unknown (localstack/localstack#10908)."""
    with served({"Messages": [{"MessageId": "m", "ReceiptHandle": "h", "Body": "{}"}]}) as endpoint:
        [delivery] = calls(backends.clients(endpoint), endpoint)["receive"]()  # type: ignore[misc]

    assert (delivery.sent_at, delivery.receive_count) == (None, 1)  # type: ignore[has-type]


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("field", ["MessageId", "ReceiptHandle", "Body"])
@pytest.mark.parametrize("value", [None, 7, []])
def test_the_others_are_taken(field: str, value: Any) -> None:
    """One message that cannot be read is told; the others of its answer are taken in."""
    with served({"Messages": [MESSAGE | {field: value}, MESSAGE]}) as endpoint:
        queue, observer = backends.clients(endpoint).queue(pool=1), RecordingObserver()
        source = SqsSource(queue, queue, f"{endpoint}/1/q", Polling(10, 0, 30), SystemClock(), observer)

        assert [delivery.message_id for delivery in source.receive()] == ["m"]
    [(step, failure)] = observer.of("failing")
    assert (step, failure.code) == ("receive", "MalformedAnswer")
    assert "1 of 2 messages" in failure.detail


@pytest.mark.usefixtures("transport")
def test_shards_without_end() -> None:
    """A list of shards of which each page names another one is an answer not understood, not a call for ever."""
    pages = count()

    def page(_request: Request) -> Reply:
        return Reply(plain(json.dumps({"Shards": [SHARD], "NextToken": f"t{next(pages)}"}).encode()))

    with bending(page) as server:
        listed = calls(backends.clients(server.endpoint), server.endpoint)["shards"]
        with pytest.raises(CallFailed, match="pages"):
            listed()
