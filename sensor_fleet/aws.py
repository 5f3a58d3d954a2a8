"""Clients for SQS and Kinesis, and which of their errors are temporary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import localstack_client.session
from botocore import exceptions as boto_errors
from botocore.config import Config

from sensor_fleet.errors import FleetError, SettingsError

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_THROTTLES = frozenset({
    "LimitExceededException", "OverLimit", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "RequestThrottled", "Throttling", "ThrottlingException",
})  # fmt: skip
_EMULATOR_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """Where AWS is: an endpoint URL, else LocalStack's host, else AWS itself."""

    endpoint_url: str | None = None
    localstack_host: str | None = None
    region: str | None = None

    def sqs(self, connections: int) -> SQSClient:
        """An SQS client for this many threads. Raises SettingsError when no region is configured."""
        client: SQSClient = self._client("sqs", connections)
        return client

    def kinesis(self) -> KinesisClient:
        """A Kinesis client. Raises SettingsError when no region is configured."""
        client: KinesisClient = self._client("kinesis", connections=1)
        return client

    def s3(self) -> S3Client:
        """An S3 client. Raises SettingsError when no region is configured."""
        client: S3Client = self._client("s3", connections=1)
        return client

    def _client(self, service: str, connections: int) -> Any:
        region = self.region or (_EMULATOR_REGION if self.endpoint_url or self.localstack_host else None)
        try:
            if self.localstack_host and not self.endpoint_url:
                session = localstack_client.session.Session(localstack_host=self.localstack_host, region_name=region)
                return session.client(service, config=_config(connections))
            session = _session()
            _try_credentials(session)
            new_client: Any = boto3.session.Session(botocore_session=session).client
            return new_client(service, endpoint_url=self.endpoint_url, region_name=region, config=_config(connections))
        except boto_errors.NoRegionError:
            raise SettingsError("no AWS region: set AWS_REGION, or AWS_ENDPOINT_URL for an emulator") from None
        except ValueError as error:
            raise SettingsError(str(error)) from error


def _session() -> botocore.session.Session:
    """A session that leaves timestamps as they come: nobody reads them here, and they took a third of an audit."""
    session = botocore.session.Session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=lambda value: value)
    return session


def _try_credentials(session: botocore.session.Session) -> None:
    """A provider of credentials may raise anything, and botocore lets it out as it is: better here than in a thread."""
    try:
        credentials = session.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()
    except boto_errors.BotoCoreError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        raise SettingsError(f"no AWS credentials: {type(error).__name__}: {text}") from error


def _config(connections: int) -> Config:
    return Config(
        connect_timeout=3,
        read_timeout=20,
        max_pool_connections=connections,
        retries={"total_max_attempts": 1, "mode": "standard"},  # retried here, where it is counted
        parameter_validation=False,  # a tenth of the cost of a small call, and our parameters are our own
        user_agent="sensor-fleet",  # else built again for every call
        s3={"addressing_style": "path"},  # which every emulator understands, and AWS too
    )


def passes(error: BaseException) -> bool:
    """Whether the same call may succeed later: no answer, a fault of the service, or too many calls."""
    if isinstance(error, boto_errors.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= 500 or error.response["Error"]["Code"] in _THROTTLES
    return isinstance(error, (boto_errors.HTTPClientError, boto_errors.ConnectionError))


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Raises errors of AWS and the network as a FleetError of one line."""
    try:
        yield
    except (boto_errors.NoCredentialsError, boto_errors.PartialCredentialsError) as error:
        hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (an emulator takes any)"
        raise SettingsError(f"no AWS credentials: {hint}") from error
    except boto_errors.ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise FleetError(f"{error.operation_name} failed with {code}: {message}") from error
    except boto_errors.BotoCoreError as error:
        raise FleetError(str(error)) from error
