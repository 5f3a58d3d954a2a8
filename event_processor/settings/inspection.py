"""The settings of `inspect`. The table in docs/settings.md is made from this page."""

from pydantic import Field

from event_processor.settings.shared import (
    AwsSettings,
    ContractSettings,
    NoticesSettings,
    StreamsSettings,
    WorkerRejectSettings,
    WorkerSettings,
)
from event_processor.settings.values import CONTRACTS, STREAM_NAME, Url


class VerdictSettings(NoticesSettings, StreamsSettings, ContractSettings):
    """What is judged, by what, and who hears of it: of the process, and of the Lambda function."""

    inspect_stream: str | None = Field(
        None, pattern=STREAM_NAME, description="The stream to inspect; unset: the only one of STREAMS_FILE"
    )
    status_url: Url = Field(None, description="URL of the status page for links in notices; unset: no links")


class _InspectSettings(WorkerSettings, WorkerRejectSettings, VerdictSettings):
    state: str = Field(
        "dir:state", pattern=CONTRACTS, description="Where checkpoints are kept: a directory or a DynamoDB table"
    )
    reads_per_second: float = Field(
        2.0, ge=0.1, le=5, description="The most reads a second of each shard; all its readers share 5"
    )
    metrics_port: int = Field(
        8002, ge=0, le=65535, description="Port of /metrics, /livez, /readyz and the status page; 0 takes a free one"
    )


class InspectionSettings(AwsSettings, _InspectSettings):
    """Each field is the environment variable of the same name in capitals."""
