"""The settings of `inspect`. The table in the README is made from this page."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from event_processor.settings.shared import (
    AwsSettings,
    ContractSettings,
    NoticesSettings,
    WorkerSettings,
)
from event_processor.settings.values import CONTRACTS, LAKE, QUEUE_NAME, STREAM_NAME, Url


class VerdictSettings(NoticesSettings, ContractSettings):
    """What is judged, by what, and who hears of it: of the process, and of the Lambda function."""

    streams_file: str = Field(
        "streams.yaml",
        description="Which streams there are, and what their records are: a file, or its content as JSON",
    )
    inspect_stream: str | None = Field(
        None, pattern=STREAM_NAME, description="The stream to inspect; unset: the only one of STREAMS_FILE"
    )
    rejects_queue: str = Field(
        "submissions-rejects", pattern=QUEUE_NAME, description="The queue for rejects with REJECTS=sqs"
    )
    lake: str = Field(
        "dir:lake", pattern=LAKE, description="The lake, a folder or a bucket, for rejects with REJECTS=lake"
    )
    status_url: Url = Field(None, description="Where people reach the status page; unset: notices have no links")


class _InspectSettings(WorkerSettings, VerdictSettings):
    rejects: Literal["log", "file", "sqs", "lake"] = Field("log", description="Where rejects are stored")
    rejects_file: Path = Field(Path("rejects.ndjson"), description="The file for rejects with REJECTS=file")
    state: str = Field(
        "dir:state", pattern=CONTRACTS, description="Where checkpoints are kept: a directory or a DynamoDB table"
    )
    reads_per_second: float = Field(
        2.0, ge=0.1, le=5, description="The most reads a second of each shard, which gives 5 to all of its readers"
    )
    metrics_port: int = Field(
        8002, ge=0, le=65535, description="Port of /metrics, /livez, /readyz and the status page; 0 takes a free one"
    )


class InspectionSettings(AwsSettings, _InspectSettings):
    """Each field is the environment variable of the same name in capitals."""
