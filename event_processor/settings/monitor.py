"""The settings of `monitor`. The table in docs/settings.md is made from this page."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from event_processor.settings.shared import (
    AwsSettings,
    NoticesSettings,
    WorkerRejectSettings,
    WorkerSettings,
    _Settings,
)
from event_processor.settings.values import LAKE, STREAM_NAME, Spelling, Url

_LEAST_CHARACTERS: Final = 16
_MOST_CHARACTERS: Final = 1_000


def _secret(value: Any) -> Any:
    """The text, or what the file behind an @ begins with."""
    if value is None:
        return None
    text = str(value)
    if text.startswith("@"):
        try:
            with Path(text[1:]).open(encoding="utf-8") as file:
                text = file.read(_MOST_CHARACTERS).strip()
        except (OSError, ValueError) as error:
            raise ValueError(f"the file cannot be read: {type(error).__name__}") from None
    if not _LEAST_CHARACTERS <= len(text) < _MOST_CHARACTERS:
        raise ValueError(f"{len(text)} characters")
    return text


def _hidden(value: object) -> str:
    text = str(value or "")
    return text if not text or text.startswith("@") else "***"


_Key = Annotated[
    str | None,
    BeforeValidator(_secret),
    Spelling(f"a secret of {_LEAST_CHARACTERS} characters at least, or @FILE with it", _hidden),
]


class MetricsSettings(_Settings):
    """Where metrics are, and what is kept of them: of the process, of the Lambda function and of commands."""

    metrics_stream: str = Field("quality-metrics", pattern=STREAM_NAME, description="The stream of metrics")
    monitor_state: str = Field(
        "dir:monitor",
        pattern=LAKE,
        description="Where series, findings, checkpoints, labels and models are kept: a folder or a bucket",
    )


class JudgingSettings(MetricsSettings, NoticesSettings):
    """What is judged, and who hears of it: of the process and of the Lambda function."""

    notices_a_day: int = Field(
        50, ge=1, le=100_000, description="The most messages a day to a channel; after that, one digest an hour"
    )
    monitor_series: int = Field(
        10_000, ge=10, le=1_000_000, description="The most series; metrics of further ones are counted but not judged"
    )
    status_url: Url = Field(None, description="URL of the status page for links in notices; unset: no links")


class _MonitorSettings(WorkerSettings, WorkerRejectSettings, JudgingSettings):
    monitor_key: _Key = Field(
        None, description="The key that people enter to label on the status page; unset: labels by command only"
    )
    reads_per_second: float = Field(
        2.0, ge=0.1, le=5, description="The most reads a second of each shard; all its readers share 5"
    )
    metrics_port: int = Field(
        8004, ge=0, le=65535, description="Port of /metrics, /livez, /readyz and the status page; 0 takes a free one"
    )


class MonitorSettings(AwsSettings, _MonitorSettings):
    """Each field is the environment variable of the same name in capitals."""


class MonitorCommandSettings(AwsSettings, MetricsSettings):
    """Of the commands beside the process."""


class ListenSettings(AwsSettings, MetricsSettings):
    """Of `monitor listen`."""

    monitor_database: _Key = Field(
        None, description="The PostgreSQL whose outbox `monitor listen` empties: postgresql://USER:PASSWORD@HOST/NAME"
    )


class MonitorTrainingSettings(MonitorCommandSettings):
    """Of `monitor train`, which reads from the lake what delivery put there of METRICS_STREAM."""

    lake: str = Field("dir:lake", pattern=LAKE, description="The lake, a folder or a bucket")
