"""A clock that tests move, and both services on it."""

import asyncio
import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from mypy_boto3_kinesis import KinesisClient
from mypy_boto3_sqs import SQSClient

from local_aws import LocalAws
from local_aws.clock import ManualClock
from local_aws.errors import AwsError, Json
from local_aws.faults import Faults
from local_aws.http import Request
from local_aws.server import Server


class Aws:
    """Calls a server without a network: parameters in, answer or AwsError out."""

    def __init__(self, clock: ManualClock, faults: Faults | None = None) -> None:
        self.clock = clock
        self.server = Server(faults or Faults(), clock)

    def request(self, target: str, body: bytes) -> tuple[int, Json]:
        """Status and answer; a dropped connection is status 0."""
        request = Request("POST", "/", {"x-amz-target": target, "host": "aws.test:4566"}, body)
        response = asyncio.run(self.server.handle(request))
        return (response.status, json.loads(response.body or b"{}")) if response else (0, {})

    def sqs(self, operation: str, **parameters: object) -> Json:
        """An SQS call."""
        return self._call(f"AmazonSQS.{operation}", parameters)

    def kinesis(self, operation: str, **parameters: object) -> Json:
        """A Kinesis call."""
        return self._call(f"Kinesis_20131202.{operation}", parameters)

    def _call(self, target: str, parameters: Json) -> Json:
        status, answer = self.request(target, json.dumps(parameters).encode())
        if status != 200:
            raise AwsError(answer.get("__type", "dropped"), answer.get("message", ""), status=status)
        return answer


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still until a test moves it."""
    return ManualClock()


@pytest.fixture
def aws(clock: ManualClock) -> Aws:
    """A server on the test's clock."""
    return Aws(clock)


@pytest.fixture
def local_aws() -> Iterator[LocalAws]:
    """The emulator as users start it in their tests."""
    with LocalAws() as running:
        yield running


_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=60, read_timeout=60)


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Credentials of nobody."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


@pytest.fixture
def sqs(session: boto3.Session, local_aws: LocalAws) -> SQSClient:
    """An SQS client that retries nothing."""
    return session.client("sqs", endpoint_url=local_aws.endpoint, config=_CONFIG)


@pytest.fixture
def kinesis(session: boto3.Session, local_aws: LocalAws) -> KinesisClient:
    """A Kinesis client that retries nothing."""
    return session.client("kinesis", endpoint_url=local_aws.endpoint, config=_CONFIG)
