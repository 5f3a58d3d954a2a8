"""Both back ends, clients for them, and what is known to differ."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import boto3
import pytest
from botocore.config import Config
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_sqs import SQSClient

from tests.contract import backends
from tests.contract.known_differences import KNOWN_DIFFERENCES

# Nothing is retried or checked on the client's side: the service is what is tested.
_CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False, connect_timeout=60, read_timeout=60)
_NUMBERS = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the known differences as expected failures; one that no longer fails is an error."""
    for item in items:
        if reason := KNOWN_DIFFERENCES.get(item.name):
            item.add_marker(pytest.mark.xfail(strict=True, reason=reason))


_BACKENDS = {backends.LOCAL: backends.local, backends.MOTO: backends.moto}


@pytest.fixture(params=["lean", "boto3"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the transports in turn, chosen as users do."""
    monkeypatch.setenv("AWS_TRANSPORT", request.param)
    return str(request.param)


@pytest.fixture(scope="session", params=sorted(_BACKENDS))
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The endpoint of a back end."""
    with _BACKENDS[request.param]() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Credentials that do for either back end, whatever the developer's own are."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


@pytest.fixture(scope="session")
def sqs(session: boto3.Session, backend: str) -> SQSClient:
    """An SQS client."""
    return session.client("sqs", endpoint_url=backend, config=_CONFIG)


@pytest.fixture(scope="session")
def kinesis(session: boto3.Session, backend: str) -> KinesisClient:
    """A Kinesis client."""
    return session.client("kinesis", endpoint_url=backend, config=_CONFIG)


@pytest.fixture
def name() -> str:
    """A name nobody else uses."""
    return f"contract-{next(_NUMBERS)}"


@pytest.fixture
def queue(sqs: SQSClient, name: str) -> str:
    """The URL of a new queue."""
    return sqs.create_queue(QueueName=name)["QueueUrl"]


@pytest.fixture
def make_stream(kinesis: KinesisClient, name: str) -> Callable[[int], str]:
    """Creates the test's stream with so many shards and returns its name once it is ACTIVE."""

    def make(shard_count: int) -> str:
        kinesis.create_stream(StreamName=name, ShardCount=shard_count)
        kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        return name

    return make


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Callable[[str], str]]:
    """The endpoint of a back end, started when it is asked for first."""
    running: dict[str, str] = {}
    with ExitStack() as stack:

        def start(name: str) -> str:
            if name not in running:
                running[name] = stack.enter_context(_BACKENDS[name]())
            return running[name]

        yield start
