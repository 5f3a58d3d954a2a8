"""The settings of `deliver`. The table in docs/settings.md is made from this page."""

from pydantic import Field

from event_processor.settings.shared import (
    AwsSettings,
    ContractSettings,
    LakeSettings,
    StreamsSettings,
    WarehouseSettings,
    WorkerSettings,
)
from event_processor.settings.values import LAKE, MIB, STREAM_NAME


class _DeliverySettings(WorkerSettings, WarehouseSettings, LakeSettings, StreamsSettings, ContractSettings):
    lake: str = Field("dir:lake", pattern=LAKE, description="The lake, a folder or a bucket")
    lake_flush_seconds: float = Field(
        10.0, ge=0.5, le=900, description="Seconds that a record waits to be written to the lake together with others"
    )
    lake_flush_bytes: int = Field(
        8 * MIB, ge=MIB, le=16384 * MIB, description="The most bytes that wait to be written, all streams together"
    )
    metrics_stream: str = Field(
        "quality-metrics",
        pattern=STREAM_NAME,
        description="The stream of metrics; those about delivered records go there if STREAMS_FILE names it",
    )
    metric_bucket_seconds: int = Field(
        60, ge=1, le=86_400, description="Length of a bucket: the seconds of arrival that one metric is about"
    )
    reads_per_second: float = Field(
        2.0, ge=0.1, le=5, description="The most reads a second of each shard; all its readers share 5"
    )
    metrics_port: int = Field(
        8003, ge=0, le=65535, description="Port of /metrics, /livez, /readyz and the status page; 0 takes a free one"
    )
    shutdown_grace: float = Field(
        28.0, ge=1, le=3600, description="Seconds after SIGTERM within which what was read is stored and loaded"
    )


class DeliverySettings(AwsSettings, _DeliverySettings):
    """Each field is the environment variable of the same name in capitals."""
