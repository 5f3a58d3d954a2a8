"""Clients, configured once: one retry policy (ours), timeouts that fit the calls, no work done twice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import boto3
import botocore.session
import localstack_client.session
from botocore.config import Config

from event_processor import __version__
from event_processor.aws.hot_path import QueueClient, StreamClient
from event_processor.aws.lean.clients import LeanQueueClient, LeanStreamClient
from event_processor.aws.lean.service import Service
from event_processor.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sqs import SQSClient

_CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 15.0
_MORE_VARIABLES: Final = {
    "requests_ca_bundle": (None, "REQUESTS_CA_BUNDLE", None, None)
}  # as botocore.endpoint reads it

Transport = Literal["lean", "boto3"]


@dataclass(frozen=True, slots=True)
class Connection:
    """Where AWS is: an endpoint, else LocalStack's host, else the real one of the region."""

    endpoint_url: str | None
    region: str | None
    localstack_host: str | None = None


class Clients:
    """Makes the clients of one connection, each safe to share between threads. SettingsError without a region."""

    def __init__(self, connection: Connection, transport: Transport = "lean") -> None:
        emulated = connection.endpoint_url or connection.localstack_host
        self._core = botocore.session.Session(_MORE_VARIABLES)
        plain = boto3.session.Session(botocore_session=self._core)
        region = connection.region or plain.region_name or ("us-east-1" if emulated else None)
        if region is None:
            raise SettingsError(
                "AWS_REGION: not set, and no AWS profile names one; allowed: a region, such as eu-west-1"
            )
        self._region: str = region
        self._endpoint_url = connection.endpoint_url
        self._session: Any = self._localstack(connection) or plain
        self._transport = transport

    def queue(self, pool: int, wait_seconds: int = 0, answer_seconds: float = ANSWER_SECONDS) -> QueueClient:
        """The calls of the hot path, by the transport that was asked for; otherwise as `sqs`."""
        client = self.sqs(pool, wait_seconds, answer_seconds)
        return client if self._transport == "boto3" else LeanQueueClient(self._service(client))

    def stream(self, pool: int) -> StreamClient:
        """The calls of the hot path, by the transport that was asked for; otherwise as `kinesis`."""
        client = self.kinesis(pool)
        return client if self._transport == "boto3" else LeanStreamClient(self._service(client))

    def sqs(self, pool: int, wait_seconds: int = 0, answer_seconds: float = ANSWER_SECONDS) -> "SQSClient":
        """For `pool` threads, and for calls that the queue may hold open for so long before it has to answer."""
        return cast("SQSClient", self._client("sqs", pool, wait_seconds + answer_seconds))

    def kinesis(self, pool: int) -> "KinesisClient":
        """For `pool` threads."""
        return cast("KinesisClient", self._client("kinesis", pool, ANSWER_SECONDS))

    def _service(self, client: Any) -> Service:
        bundles = [self._core.get_config_variable(name) for name in ("ca_bundle", "requests_ca_bundle")]
        return Service(client, self._session.get_credentials(), bundles[0] or bundles[1])

    def _localstack(self, connection: Connection) -> Any:
        if connection.endpoint_url or not connection.localstack_host:
            return None
        return localstack_client.session.Session(localstack_host=connection.localstack_host, region_name=self._region)

    def _client(self, service: str, pool: int, answer_seconds: float) -> Any:
        return self._session.client(
            service,
            region_name=self._region,
            endpoint_url=self._endpoint_url,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=answer_seconds,
                max_pool_connections=pool,
                tcp_keepalive=True,
                retries={"total_max_attempts": 1},
                parameter_validation=False,  # a quarter of the cost of a full PutRecords
                user_agent=f"event-processor/{__version__}",  # else botocore makes it anew for every call
            ),
        )
