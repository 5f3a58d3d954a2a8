"""Settings that jobs of this program have in common."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from event_processor.settings.notices import ChannelAddresses, Channels
from event_processor.settings.values import (
    CONTRACTS,
    JOBS,
    LAKE,
    MIB,
    QUEUE_NAME,
    QUEUE_OR_FIFO_NAME,
    REGION,
    STREAM_NAME,
    WAREHOUSE,
    Flag,
    Host,
    Level,
    Url,
)


class _Settings(BaseSettings):
    """Frozen; each field is the environment variable of the same name in capitals. An empty one counts as unset."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")


class WorkerSettings(_Settings):
    """Of every job that runs until it is stopped."""

    metrics_port: int = Field(
        8000, ge=0, le=65535, description="Port of /metrics, /livez, /readyz and the status page; 0 takes a free one"
    )
    metrics_host: str = Field("127.0.0.1", description="Address that METRICS_PORT listens on; 0.0.0.0 in a container")
    jobs: str | None = Field(
        None,
        pattern=JOBS,
        description="Other jobs and the URLs of their status pages; /overview shows all of them in one picture",
    )
    shutdown_grace: float = Field(
        28.0, ge=1, le=3600, description="Seconds after SIGTERM within which unfinished work is finished or given back"
    )

    @property
    def neighbours(self) -> dict[str, str]:
        """URLs by name."""
        return dict(each.split("=", 1) for each in self.jobs.split(",")) if self.jobs else {}


class _RefreshSettings(_Settings):
    contracts_refresh: float = Field(2.0, ge=0.1, le=60, description="Seconds between checks for changed contracts")


class ContractSettings(_RefreshSettings):
    """Which contracts count."""

    contracts: str = Field(
        "dir:contracts", pattern=CONTRACTS, description="The registry of contracts: a directory or a DynamoDB table"
    )


class LakeSettings(_Settings):
    """Of every job that writes to the lake, if only its rejects."""

    lake: str = Field(
        "dir:lake", pattern=LAKE, description="The lake, a folder or a bucket, for rejects with REJECTS=lake"
    )


class WarehouseSettings(_Settings):
    """Of all that loads ranges, or asks the tables."""

    warehouse: str = Field(
        "none",
        pattern=WAREHOUSE,
        description="Where ranges are loaded: a DuckDB file, a database of Redshift Serverless, or nowhere",
    )
    id_window: float = Field(
        24.0, ge=1, le=8784, description="Hours of arrival within which a table has one row for each id"
    )


class RejectSettings(LakeSettings):
    """Of every job that stores rejects."""

    rejects_queue: str = Field(
        "submissions-rejects", pattern=QUEUE_NAME, description="The queue for rejects with REJECTS=sqs"
    )


class WorkerRejectSettings(RejectSettings):
    """Of those that have a disk, too."""

    rejects: Literal["log", "file", "sqs", "lake"] = Field("log", description="Where rejects are stored")
    rejects_file: Path = Field(Path("rejects.ndjson"), description="The file for rejects with REJECTS=file")


class FunctionSettings(RejectSettings):
    """Of every Lambda function."""

    rejects: Literal["log", "sqs", "lake"] = Field("log", description="Where rejects are stored")
    lambda_margin: float = Field(
        2.0,
        ge=0.5,
        le=60,
        description="Seconds before the function's timeout at which it stops and reports what is unfinished",
    )


class StreamsSettings(_Settings):
    """Of all that judges records of streams."""

    streams_file: str = Field(
        "streams.yaml",
        description="The streams and what their records are: a file, or its content as JSON",
    )


class PublishingSettings(_RefreshSettings):
    """From a queue to a stream."""

    queue_name: str = Field(
        "submissions", pattern=QUEUE_OR_FIFO_NAME, description="The queue of submissions, standard or FIFO"
    )
    stream_name: str = Field("events", pattern=STREAM_NAME, description="The stream of events")
    partition_key: Literal["device_id", "submission_id"] = Field(
        "device_id", description="The field of a submission that becomes the partition key of its records"
    )
    contracts: str | None = Field(
        None,
        pattern=CONTRACTS,
        description="The registry of contracts (`dir:FOLDER` or `dynamodb:TABLE`), for event types that are not built "
        "in; unset: only built-in types",
    )
    max_in_flight: int = Field(2000, ge=10, le=100000, description="The most submissions in hand at the same time")
    max_in_flight_bytes: int = Field(
        64 * MIB, ge=16 * MIB, le=16384 * MIB, description="The most bytes of bodies and records in hand"
    )

    @property
    def contract_settings(self) -> ContractSettings | None:
        """As the jobs have them that cannot do without."""
        if self.contracts is None:
            return None
        return ContractSettings(contracts=self.contracts, contracts_refresh=self.contracts_refresh)


class NoticesSettings(_Settings):
    """Whom to tell of what is wrong."""

    notices: Channels = Field(
        ChannelAddresses(),
        description="Channels for notices; the `x-channel` of a contract selects those with that NAME",
    )


class AwsSettings(_Settings):
    """Where AWS is, where traces go, and what is logged."""

    log_level: Level = Field("INFO", description="The lowest level that is logged")
    log_format: Literal["json", "console"] = Field("json", description="Format of log lines: JSON, or text for people")
    aws_endpoint_url: Url = Field(None, description="Endpoint of an emulator; unset means AWS itself")
    aws_endpoint_url_sqs: Url = Field(None, description="The same for SQS only; overrides AWS_ENDPOINT_URL")
    aws_endpoint_url_kinesis: Url = Field(None, description="The same for Kinesis only; overrides AWS_ENDPOINT_URL")
    aws_ignore_configured_endpoint_urls: Flag = Field(
        "false", description="`true`: ignore the three above, and those of the AWS profile"
    )
    aws_region: str | None = Field(
        None,
        pattern=REGION,
        description="Region; unset means that of the AWS profile, or us-east-1 with an emulator",
    )
    aws_transport: Literal["lean", "boto3"] = Field(
        "lean",
        description="How frequent calls are made; `lean` needs less CPU than boto3 (docs/operations.md)",
    )
    localstack_host: Host = Field(
        None, description="LocalStack's host, or host:port; used for services without an endpoint above"
    )
    otel_exporter_otlp_endpoint: Url = Field(
        None, description="Where traces go (OTLP over HTTP); unset means no tracing"
    )
    otel_traces_exporter: Literal["otlp", "none"] = Field(
        "otlp",
        description="`none`: no tracing. `otlp`, if set explicitly: tracing, even without an endpoint (then to "
        "OpenTelemetry's default)",
    )

    @property
    def endpoints(self) -> dict[str, str | None]:
        """The endpoints that are in force, by the names of their variables."""
        if self.aws_ignore_configured_endpoint_urls == "true":
            return {}
        names = ("aws_endpoint_url", "aws_endpoint_url_sqs", "aws_endpoint_url_kinesis")
        return {name.upper(): url for name in names if (url := getattr(self, name))}

    @property
    def tracing(self) -> bool:
        """Whether traces are asked for; then the extra `otel` must be installed."""
        named = self.otel_exporter_otlp_endpoint is not None or "otel_traces_exporter" in self.model_fields_set
        return named and self.otel_traces_exporter == "otlp"
