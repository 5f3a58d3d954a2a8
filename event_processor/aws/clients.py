"""Clients, configured once: one retry policy (ours), timeouts that fit the calls, no work done twice."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import boto3
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from event_processor import __version__
from event_processor.aws.boto3_transport import CheckedClient
from event_processor.aws.botocore_settings import (
    WRONG_SETTINGS,
    as_settings_error,
    ca_bundle,
    check_credential_variables,
    check_key_pair,
    check_settings,
    new_session,
)
from event_processor.aws.client_protocols import QueueClient, ReadingClient, StreamClient
from event_processor.aws.credentials import REFUSALS, CredentialsUnavailable, PatientCredentials, provider_chain, why
from event_processor.aws.network.http import Network
from event_processor.errors import SettingsError
from event_processor.telling import StepObserver

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

_CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 15.0
_STORED_SECONDS: Final = 45.0  # of a stream under load: asked again, it would only have more to do
PATIENCE_SECONDS: Final = 5.0  # well below any grace period: a thread that waits for credentials cannot stop

_HARMLESS: Final = {
    "sqs": "list_queues",
    "kinesis": "list_streams",
    "dynamodb": "list_tables",
    "s3": "list_buckets",
    "sns": "list_topics",
    "redshift-data": "list_statements",
}

Transport = Literal["lean", "boto3"]


@dataclass(frozen=True, slots=True)
class Location:
    """Where AWS is: an endpoint, else that of the environment, else LocalStack's host, else what botocore makes of it.

    `configured` are the endpoints of the environment by their variables' names: botocore reads them there itself, by
    its own precedence; they are here to be named, and to know that LocalStack's host does not count.
    """

    endpoint_url: str | None
    region: str | None
    localstack_host: str | None = None
    configured: Mapping[str, str | None] = field(default_factory=dict)

    def is_configured(self, service: str) -> bool:
        """Whether the environment has an endpoint for it."""
        names = ("AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{service.upper()}")
        return any(self.configured.get(name) for name in names)


class Clients:
    """Makes the clients of one AWS, each safe to share between threads.

    Raises SettingsError for whatever of the environment and of the files of the AWS profile no client can be made with.
    Credentials need not be there yet: a call waits for them `patience_seconds`, and `observer` hears when they fail.
    """

    def __init__(
        self,
        location: Location,
        transport: Transport = "lean",
        observer: StepObserver | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._core = new_session()
        check_settings(self._core)
        if self._core.get_config_variable("ignore_configured_endpoint_urls"):
            location = replace(location, configured={})
        self._location, self._transport = location, transport
        self._region = self._find_region()
        self._credentials = PatientCredentials(self._look, observer, patience_seconds)
        self._core.register_component("credential_provider", self)
        with as_settings_error(self._core):
            self._session: Any = boto3.session.Session(botocore_session=self._core)
        if not all(map(self._is_localstack, ("sqs", "kinesis"))):
            self._try_credentials()

    def queue(self, pool: int, wait_seconds: int = 0, answer_seconds: float = ANSWER_SECONDS) -> QueueClient:
        """The calls of the hot path, by the transport that was asked for; otherwise as `sqs`."""
        return cast("QueueClient", self._by_transport("sqs", self.sqs(pool, wait_seconds, answer_seconds)))

    def stream(self, pool: int) -> StreamClient:
        """The calls of the hot path, by the transport that was asked for; otherwise as `kinesis`."""
        return cast("StreamClient", self._by_transport("kinesis", self._client("kinesis", pool, _STORED_SECONDS)))

    def reading(self, pool: int) -> ReadingClient:
        """The calls that read a stream, by the transport that was asked for; otherwise as `kinesis`."""
        return cast("ReadingClient", self._by_transport("kinesis", self.kinesis(pool)))

    def sqs(self, pool: int, wait_seconds: int = 0, answer_seconds: float = ANSWER_SECONDS) -> "SQSClient":
        """For `pool` threads, and for calls that the queue may hold open for so long before it has to answer."""
        return cast("SQSClient", self._client("sqs", pool, wait_seconds + answer_seconds))

    def kinesis(self, pool: int) -> "KinesisClient":
        """For `pool` threads."""
        return cast("KinesisClient", self._client("kinesis", pool, ANSWER_SECONDS))

    def dynamodb(self, pool: int) -> "DynamoDBClient":
        """For `pool` threads."""
        return cast("DynamoDBClient", self._client("dynamodb", pool, ANSWER_SECONDS))

    def s3(self, pool: int) -> "S3Client":
        """For `pool` threads. Its answers are not JSON: they come by boto3's own connections."""
        return cast("S3Client", self._made("s3", pool, ANSWER_SECONDS)[0])

    def sns(self, region: str) -> "SNSClient":
        """For one thread, and for topics of that region. Its answers are not JSON either."""
        return cast("SNSClient", self._made("sns", 1, _CONNECT_SECONDS, region)[0])

    def redshift_data(self) -> Any:
        """For one thread."""
        return self._client("redshift-data", 1, ANSWER_SECONDS)

    def load_credentials(self) -> Credentials:
        """What botocore asks of its component "credential_provider"."""
        return self._credentials

    def _by_transport(self, service: str, client: Any) -> Any:
        if self._transport == "boto3":
            return client
        from event_processor.aws.lean_transport.clients import LeanClient  # noqa: PLC0415 - only where it is used

        credentials = self._localstack().get_credentials() if self._is_localstack(service) else self._credentials
        return LeanClient(client, credentials, ca_bundle(self._core))

    def _find_region(self) -> str:
        location = self._location
        is_emulated = bool(location.endpoint_url or location.localstack_host or location.configured)
        named = location.region or self._core.get_config_variable("region")
        if not (named or is_emulated):
            raise SettingsError(
                "AWS_REGION: not set, and no AWS profile names one; allowed: a region, such as eu-west-1"
            )
        return str(named or "us-east-1")

    def _look(self) -> Credentials | None:
        """Through botocore's chain of providers, with files and environment as they are now."""
        session = new_session()
        with as_settings_error(session):
            resolver = provider_chain(session, self._region)
        return resolver.load_credentials()

    def _try_credentials(self) -> None:
        """What the operator typed wrong ends the start; agents and files may come later."""
        with suppress(CredentialsUnavailable):
            self._credentials.get_frozen_credentials()
        failure = self._credentials.failure
        if isinstance(failure, NoCredentialsError):
            check_key_pair(self._core)
        if isinstance(failure, WRONG_SETTINGS):
            with as_settings_error(self._core):
                raise failure
        if failure is not None:
            check_credential_variables(self._core, why(failure))

    def _is_localstack(self, service: str) -> bool:
        location = self._location
        has_endpoint = location.endpoint_url or location.is_configured(service)
        return bool(location.localstack_host and not has_endpoint)

    def _is_emulated(self, service: str) -> bool:
        """Then a bucket's name before the host may lead nowhere."""
        location = self._location
        return bool(location.endpoint_url or location.localstack_host or location.is_configured(service))

    def _localstack(self) -> Any:
        try:
            import localstack_client.session  # noqa: PLC0415 - for laptops: the archive for Lambda is without it
        except ImportError as error:
            raise SettingsError(
                f"LOCALSTACK_HOST: needs localstack-client, which is not here ({error}); AWS_ENDPOINT_URL needs nothing"
            ) from error
        return localstack_client.session.Session(
            localstack_host=self._location.localstack_host, region_name=self._region
        )

    def _client(self, service: str, pool: int, answer_seconds: float) -> CheckedClient:
        return CheckedClient(*self._made(service, pool, answer_seconds))

    def _made(self, service: str, pool: int, answer_seconds: float, region: str | None = None) -> tuple[Any, Network]:
        location = self._location
        typed = {"AWS_REGION": location.region, "LOCALSTACK_HOST": location.localstack_host}
        with as_settings_error(self._core, {**typed, **location.configured}):
            session = self._localstack() if self._is_localstack(service) else self._session
            client = session.client(
                service,
                region_name=region or self._region,
                endpoint_url=location.endpoint_url,
                config=Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=answer_seconds,
                    max_pool_connections=pool,
                    tcp_keepalive=True,
                    retries={"total_max_attempts": 1},
                    parameter_validation=False,  # a quarter of the cost of a full PutRecords
                    user_agent=f"event-processor/{__version__}",  # else botocore makes it again for every call
                    s3={"addressing_style": "path" if self._is_emulated(service) else "auto"},
                ),
            )
            network = Network(client.meta.config, ca_bundle(self._core))
            self._rehearse(client, network, service)
        client.meta.events.register("after-call", self._look_at_answer)
        return client, network

    def _rehearse(self, client: Any, network: Network, service: str) -> None:
        """Go as far as is possible without a call: what fails here would fail at every call."""
        network.route_to(client.meta.endpoint_url)
        if self._credentials.are_there:
            client.generate_presigned_url(_HARMLESS[service])  # FIPS and a custom endpoint, say

    def _look_at_answer(self, parsed: Any, **_details: Any) -> None:
        """Boto3's answers, whatever shape they have; `LeanCaller` does the same for its own."""
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        code = error.get("Code") if isinstance(error, dict) else None
        if isinstance(code, str) and code in REFUSALS:
            self._credentials.refused()
