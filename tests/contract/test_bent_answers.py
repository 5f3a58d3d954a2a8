"""No answer is ever taken for another call's, whatever came before it on the connection; with each transport."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from event_processor.aws.calls import Calls
from event_processor.aws.kinesis import KinesisSink
from event_processor.aws.sqs import Polling, SqsSource
from event_processor.clock import SystemClock
from event_processor.errors import CallFailed
from event_processor.publishing.stream import Acknowledged, Record
from event_processor.settings.loading import load
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.submissions.delivery import Delivery
from event_processor.testing import RecordingObserver
from tests.bent import BENT, CUT, Bender, Reply, Request, bending, plain
from tests.contract import backends
from tests.property.machines import play

WAYS = {**BENT, **CUT}


class Echo:
    """A stream whose sequence numbers are what the records hold, so that each answer shows whose it is.

    `bend` names the way in which the next answer is bent; the real one follows when the next request comes, or at once.
    """

    def __init__(self) -> None:
        self.bend = ""
        self.waits = True

    def __call__(self, request: Request) -> Reply:
        """Answers."""
        asked = json.loads(request.body)
        if request.operation == "PutRecords":
            answer: Any = {"FailedRecordCount": 0, "Records": [_stored(record["Data"]) for record in asked["Records"]]}
        else:
            answer = {"Messages": [_message(number) for number in range(asked["MaxNumberOfMessages"])]}
        body = json.dumps(answer).encode()
        way, self.bend = self.bend, ""
        if not way:
            return Reply(plain(body))
        if way in CUT:
            return Reply(CUT[way](body), closes=True)
        return Reply(BENT[way](body), plain(body), seconds=5.0 if self.waits else 0.0)


def _stored(data: str) -> dict[str, str]:
    return {"ShardId": "shard-0", "SequenceNumber": json.loads(b64decode(data))}


def _message(number: int) -> dict[str, str]:
    return {"MessageId": f"m{number}", "ReceiptHandle": f"h{number}", "Body": "{}"}


def put(sink: KinesisSink, number: int) -> bool:
    """Whether it was stored; never with the answer to another put."""
    try:
        answers = sink.put([Record("key", json.dumps(str(number)).encode(), "new_process", 0)])
    except CallFailed:
        return False
    assert answers == [Acknowledged("shard-0", number)]
    return True


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("way", WAYS)
def test_the_real_answer_comes_too_late(way: str) -> None:
    """After an answer that was not understood its connection is closed, and each later call gets its own answer."""
    echo, observer = Echo(), RecordingObserver()
    with bending(echo) as server:
        sink = KinesisSink(backends.clients(server.endpoint).stream(pool=1), "events", observer)
        assert put(sink, 1)
        echo.bend = way

        assert all(put(sink, number) for number in range(2, 5))
        assert server.connections == 2
    assert [code for _, code in observer.of("retried")] in (["MalformedAnswer"], ["ConnectionClosedError"])


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize(
    "answer",
    [
        {"Records": []},
        {"Records": [{"ShardId": "shard-0", "SequenceNumber": "seven"}]},
        {"Records": [{"ShardId": "shard-0", "SequenceNumber": "7", "ErrorCode": "InternalFailure"}]},
        {"Successful": [{"Id": "0"}]},
        {"Records": [None]},
        {"Records": {"ShardId": "shard-0"}},
    ],
)
def test_connections_with_strange_fields_are_closed(answer: Any) -> None:
    """Not only HTTP and JSON have to be right: what the fields do not allow closes the connection as well."""
    echo, replies = Echo(), [Reply(plain(json.dumps(answer).encode()))]
    with bending(lambda request: replies.pop() if replies else echo(request)) as server:
        sink = KinesisSink(backends.clients(server.endpoint).stream(pool=1), "events", RecordingObserver())

        assert put(sink, 1)
        assert server.connections == 2


@pytest.mark.usefixtures("transport")
def test_answers_to_batches_fit_their_batch_only() -> None:
    """The answer to one delete names nothing that another could take for its own, a retry of the same one included."""
    seen: list[str] = []

    def answering(request: Request) -> Reply:
        entries = [entry["Id"] for entry in json.loads(request.body).get("Entries", [])]
        assert not set(entries) & set(seen)
        before, seen[:] = seen[:1], [*seen, *entries]
        return Reply(plain(json.dumps({"Successful": [{"Id": name} for name in before or entries]}).encode()))

    with bending(answering) as server:
        queue = backends.clients(server.endpoint).queue(pool=1)
        polling = Polling(10, 0, 30)
        source = SqsSource(queue, queue, f"{server.endpoint}/1/q", polling, SystemClock(), RecordingObserver())
        now = datetime.now(UTC)
        deliveries = [Delivery(name, f"handle {name}", "{}", 1, now, now) for name in "ab"]

        assert source.delete(deliveries) == []
        with pytest.raises(CallFailed, match="MalformedAnswer"):
            source.delete(deliveries)


class BentMachine(RuleBasedStateMachine):
    """Any bent answer, its real one late or at once, and then any number of calls."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.echo = Echo()
        self.context = bending(self.echo)
        self.server: Bender = self.context.__enter__()
        clients = backends.clients(self.server.endpoint)
        self.sink = KinesisSink(clients.stream(pool=1), "events", RecordingObserver())

    @rule(way=st.sampled_from(["", *WAYS]), waits=st.booleans())
    def call(self, way: str, waits: bool) -> None:
        """One put."""
        self.echo.bend, self.echo.waits = way, waits
        put(self.sink, next(self.numbers))

    def teardown(self) -> None:
        """Of the server."""
        self.context.__exit__(None, None, None)


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("examples", [3, pytest.param(100, marks=pytest.mark.prove)])
def test_no_answer_is_taken_for_another(examples: int) -> None:
    """Whatever sequence of bent answers, late ones and calls there is, each call has its own answer or none."""
    assert load(SubmissionsSettings).aws_transport in {"lean", "boto3"}
    play(BentMachine, examples, 15, [Phase.generate])


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, MemoryError])
def test_interruptions_close_the_connection(interruption: type[BaseException]) -> None:
    """Whatever ends the reading of an answer, its connection carries nothing more."""
    with bending(Echo()) as server:
        client = backends.clients(server.endpoint).stream(pool=1)
        entries: Any = [{"Data": b'"1"', "PartitionKey": "key"}]

        def interrupted() -> None:
            client.put_records(StreamName="events", Records=entries)
            raise interruption

        with pytest.raises(interruption):
            Calls(RecordingObserver()).make("put", interrupted)
        client.put_records(StreamName="events", Records=entries)
        assert server.connections == 2
