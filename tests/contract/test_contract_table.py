"""The table of contracts when DynamoDB throttles, answers in part, or its answers are lost on the way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from event_processor.aws.tables import provision_table
from event_processor.contracts.registry import Document
from event_processor.contracts.version import Version
from event_processor.errors import CallFailed
from event_processor.stores.contract_table import NAME, PART, TableContracts
from event_processor.testing import RecordingObserver
from tests.bent import Reply, Request, bending, plain
from tests.between import Between
from tests.contract import backends

V100 = Version(1, 0, 0)
THROTTLED = b'{"__type":"com.amazonaws.dynamodb.v20120810#%b","message":"slow down"}'


class Trouble:
    """Moto behind a server that may keep or change its answers, and a registry that talks to it."""

    def __init__(self, moto: str, endpoint: str, between: Between) -> None:
        self.moto, self.between = moto, between
        self.answering: Callable[[Request], Reply] = between
        self.observer, self.name = RecordingObserver(), backends.new_name()
        direct = backends.clients(moto).dynamodb(1)
        provision_table(direct, self.name, PART, NAME)
        self.direct = TableContracts(direct, self.name, RecordingObserver())
        self.registry = TableContracts(backends.clients(endpoint).dynamodb(1), self.name, self.observer)

    def answer(self, operation: str, *replies: Reply | None) -> None:
        """Give these to the first calls of an operation, in the place of DynamoDB's own; None is its own."""
        waiting = list(replies)

        def bend(request: Request, status: str, body: bytes) -> Reply:
            reply = waiting.pop(0) if waiting and request.operation == operation else None
            return reply or Reply(plain(body, status))

        self.between.bend = bend

    def refuse(self, operation: str, code: bytes, times: int) -> None:
        """Say this instead of doing what is asked."""
        left = [times]

        def refuse_or_pass(request: Request) -> Reply:
            if request.operation == operation and left[0]:
                left[0] -= 1
                return Reply(plain(THROTTLED % code, "400 Bad Request"))
            return self.between(request)

        self.answering = refuse_or_pass


@contextmanager
def troubled(moto: str) -> Iterator[Trouble]:
    """A new table."""
    between = Between(moto)
    holder: list[Trouble] = []

    def answering(request: Request) -> Reply:
        return holder[0].answering(request)

    with bending(answering) as server:
        holder.append(Trouble(moto, server.endpoint, between))
        yield holder[0]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """Its endpoint."""
    with backends.moto() as endpoint:
        yield endpoint


@pytest.fixture
def trouble(moto: str) -> Iterator[Trouble]:
    """None as yet."""
    with troubled(moto) as ours:
        yield ours


def document(subject: str = "page", version: Version = V100) -> Document:
    """As it would be published."""
    return Document(subject, version, json.dumps({"x-subject": subject, "x-version": str(version)}))


LOST = Reply(b"", closes=True)


def test_answer_to_a_publication_is_lost(trouble: Trouble) -> None:
    """A publication whose answer is lost is made again under the same token: done once, and no conflict with itself."""
    trouble.answer("TransactWriteItems", LOST)

    trouble.registry.publish(document(), None, "alice")

    assert trouble.direct.read().documents == {"page": document()}
    assert trouble.direct.epoch() == 1
    assert len(trouble.direct.history("page")) == 1
    assert trouble.observer.of("retried")


@pytest.mark.parametrize("operation", ["TransactWriteItems", "GetItem", "Query", "BatchGetItem"])
@pytest.mark.parametrize(
    "code", [b"ProvisionedThroughputExceededException", b"ThrottlingException", b"RequestLimitExceeded"]
)
def test_throttled(trouble: Trouble, operation: str, code: bytes) -> None:
    """A throttled call is made again, by the one policy, and counted; all is done and read in the end."""
    trouble.direct.publish(document("track"), None, "bob")
    trouble.refuse(operation, code, 2)

    trouble.registry.publish(document(), None, "alice")

    assert trouble.registry.read().documents == {"page": document(), "track": document("track")}
    assert [details[1] for details in trouble.observer.of("retried")] == [code.decode()] * 2


def test_throttled_for_long(trouble: Trouble) -> None:
    """What goes on being throttled is a failed call with the code of DynamoDB, and changes nothing."""
    trouble.refuse("TransactWriteItems", b"ThrottlingException", 1000)

    with pytest.raises(CallFailed, match="ThrottlingException"):
        trouble.registry.publish(document(), None, "alice")

    assert trouble.direct.read().documents == {}


def test_only_new_texts_are_read(trouble: Trouble) -> None:
    """After a publication only the version that is new is read, not all that are live."""
    asked: list[Request] = []

    def answering(request: Request) -> Reply:
        asked.append(request)
        return trouble.between(request)

    trouble.answering = answering
    for number in range(3):
        trouble.direct.publish(document(f"track/{number}"), None, "alice")
    trouble.registry.read()
    trouble.direct.publish(document("page"), None, "alice")
    asked.clear()

    assert len(trouble.registry.read().documents) == 4

    assert [request.operation for request in asked] == ["GetItem", "Query", "BatchGetItem"]
    assert asked[-1].body.count(b"version/") == 1
    asked.clear()
    trouble.registry.epoch()
    assert [request.operation for request in asked] == ["GetItem"]


def test_answer_in_part(trouble: Trouble) -> None:
    """Versions that DynamoDB leaves out of an answer are asked for again."""
    for number in range(3):
        trouble.direct.publish(document(f"track/{number}"), None, "alice")

    def answering(request: Request) -> Reply:
        keys = json.loads(request.body).get("RequestItems", {}).get(trouble.name, {}).get("Keys", [])
        if len(keys) < 2:
            return trouble.between(request)
        rest = {trouble.name: {"Keys": keys[1:], "ConsistentRead": True}}
        first = json.dumps({"RequestItems": {trouble.name: {"Keys": keys[:1], "ConsistentRead": True}}}).encode()
        headers = request.headers | {"content-length": str(len(first))}

        def bend(_: Request, status: str, body: bytes) -> Reply:
            return Reply(plain(json.dumps(json.loads(body) | {"UnprocessedKeys": rest}).encode(), status))

        return Between(trouble.moto, bend)(request._replace(body=first, headers=headers))

    trouble.answering = answering

    assert sorted(trouble.registry.read().documents) == ["track/0", "track/1", "track/2"]


def test_provisioning_twice(moto: str) -> None:
    """The table is made once, paid by request, recoverable to any second; one with other keys is refused."""
    client, name = backends.clients(moto).dynamodb(1), backends.new_name()

    assert provision_table(client, name, PART, NAME) == f"table   {name}: created"
    assert provision_table(client, name, PART, NAME) == f"table   {name}: already exists"

    assert client.describe_table(TableName=name)["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    with pytest.raises(CallFailed, match="has the keys"):
        provision_table(client, name, "job", None)
