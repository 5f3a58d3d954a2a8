"""All settings, from the environment, read once. The table in the README is made from this page."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from event_processor.errors import SettingsError
from event_processor.masking import masked_value

MIB: Final = 1024 * 1024
_CREDENTIALS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")  # boto3 reads them, not we

Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda text: str(text).upper())]
Flag = Annotated[Literal["true", "false"], BeforeValidator(lambda text: str(text).lower())]


def _with_a_host(text: str | None) -> str | None:
    if text is None:
        return None
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if not parts.hostname or parts.port == 0:  # the port is read here: an impossible one is a ValueError
        raise ValueError(text)
    return text


Url = Annotated[str | None, Field(pattern=r"^https?://[^\s/]\S*$"), AfterValidator(_with_a_host)]
Host = Annotated[str | None, Field(pattern=r"^[^\s/]+$"), AfterValidator(_with_a_host)]

_QUEUE: Final = r"^([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)$"


class Settings(BaseSettings):
    """Frozen; each field is the environment variable of the same name in capitals. An empty one counts as unset."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    queue_name: str = Field("submissions", pattern=_QUEUE, description="The queue of submissions, standard or FIFO")
    stream_name: str = Field("events", pattern=r"^[A-Za-z0-9_.-]{1,128}$", description="The stream of events")
    batch_size: int = Field(10, ge=1, le=10, description="Messages asked for in one receive")
    visibility_timeout: int = Field(
        60, ge=2, le=43200, description="Seconds a received message stays hidden; extended at half of it while held"
    )
    wait_time: int = Field(20, ge=0, le=20, description="Seconds a receive waits for messages (long polling)")
    receivers: int = Field(4, ge=1, le=64, description="Receives under way at the same time")
    max_in_flight: int = Field(2000, ge=10, le=100000, description="Submissions in hand at the same time, at most")
    max_in_flight_bytes: int = Field(
        64 * MIB, ge=16 * MIB, le=16384 * MIB, description="Bytes of bodies and records in hand, at most"
    )
    partition_key: Literal["device_id", "submission_id"] = Field(
        "device_id", description="The field of a submission that becomes the partition key of its records"
    )
    rejects: Literal["log", "file", "sqs"] = Field("log", description="Where rejects are stored")
    rejects_file: Path = Field(Path("rejects.ndjson"), description="The file of REJECTS=file")
    rejects_queue: str = Field(
        "submissions-rejects", pattern=r"^[A-Za-z0-9_-]{1,80}$", description="The queue of REJECTS=sqs"
    )
    reject_limit_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Share of the last 1,000 submissions with rejects at which receiving ends for good; 0: never. "
        "Unset: 0.5, but never with REJECTS=log",
    )
    reject_limit_consecutive: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="The same for submissions with rejects in a row. Unset: 500, but never with REJECTS=log",
    )
    log_level: Level = Field("INFO", description="The least level that is logged")
    log_format: Literal["json", "console"] = Field("json", description="How log lines look")
    metrics_port: int = Field(
        8000, ge=0, le=65535, description="Port of /metrics, /livez, /readyz and the status page; 0 takes a free one"
    )
    metrics_host: str = Field("127.0.0.1", description="Address it listens on; 0.0.0.0 in a container")
    shutdown_grace: float = Field(
        28.0, ge=1, le=3600, description="Seconds from SIGTERM until unfinished work has been given back"
    )
    unfinished_limit: float = Field(
        600.0, ge=1, le=43200, description="Seconds a submission may be in hand before /livez fails"
    )
    aws_endpoint_url: Url = Field(None, description="Endpoint of an emulator; unset means AWS itself")
    aws_endpoint_url_sqs: Url = Field(None, description="The same for SQS alone; beats AWS_ENDPOINT_URL")
    aws_endpoint_url_kinesis: Url = Field(None, description="The same for Kinesis alone; beats AWS_ENDPOINT_URL")
    aws_ignore_configured_endpoint_urls: Flag = Field(
        "false", description="`true`: the three above do not count, nor do those of the AWS profile"
    )
    aws_region: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]+$",
        description="Region; unset means that of the AWS profile, us-east-1 with an emulator",
    )
    aws_transport: Literal["lean", "boto3"] = Field(
        "lean",
        description="What makes the calls of the hot path; `lean` takes less CPU (docs/operations.md)",
    )
    localstack_host: Host = Field(
        None, description="LocalStack's host, or host:port; counts for a service without one of the endpoints above"
    )
    otel_exporter_otlp_endpoint: Url = Field(
        None, description="Where traces go (OTLP over HTTP); unset means no tracing"
    )
    otel_traces_exporter: Literal["otlp", "none"] = Field(
        "otlp", description="`none`: no tracing; `otlp` given by name: tracing, to OpenTelemetry's default endpoint"
    )

    @property
    def reject_limits(self) -> tuple[float, int]:
        """The two limits in force; 0 is none. With originals kept, stopping is cheap, and going on is not."""
        share, consecutive = (0.0, 0) if self.rejects == "log" else (0.5, 500)
        return (
            share if self.reject_limit_share is None else self.reject_limit_share,
            consecutive if self.reject_limit_consecutive is None else self.reject_limit_consecutive,
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


def load() -> Settings:
    """The settings of this process. Raises SettingsError with a line for each that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_complaints(error))) from None


def clean_environment(*kept: str, **more: str) -> dict[str, str]:
    """The environment of this process less our settings but those kept, for children that are to have just these."""
    ours = {name.upper() for name in Settings.model_fields}.difference(kept)
    return {name: value for name, value in os.environ.items() if name.upper() not in ours} | more


def sources(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Each variable, its value with secrets masked, and where that came from."""
    for name in Settings.model_fields:
        origin = "environment" if name in settings.model_fields_set else "default"
        yield name.upper(), masked_value(getattr(settings, name)), origin
    for name in _CREDENTIALS:
        if os.environ.get(name):
            yield name, "***", "environment"


def as_markdown() -> str:
    """The settings as a table."""
    rows = [
        f"| `{name.upper()}` | {_default(field)} | {_allowed(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | allowed | meaning |", "|---|---|---|---|", *rows])


def _complaints(error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_url=False):
        name = str(details["loc"][0])
        was, allowed = masked_value(details["input"]), _allowed(Settings.model_fields[name])
        yield f"{name.upper()}: was {was!r}; allowed: {allowed}"


def _default(field: FieldInfo) -> str:
    return "" if field.default is None else f"`{field.default}`"


def _allowed(field: FieldInfo) -> str:
    literal = _literal(field.annotation)
    if literal:
        return ", ".join(literal)
    low = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    high = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if low is not None:
        is_integer = int in (field.annotation, *get_args(field.annotation))
        return f"{'an integer' if is_integer else 'a number'} from {low} to {high}"
    pattern = next((rule.pattern for rule in field.metadata if getattr(rule, "pattern", None)), None)
    return _PATTERN_WORDS.get(str(pattern), "any text")


def _literal(annotation: Any) -> tuple[str, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


_PATTERN_WORDS: Final = {
    _QUEUE: "1 to 80 letters, digits, _ and -; a FIFO queue's name ends with .fifo",
    r"^[A-Za-z0-9_-]{1,80}$": "1 to 80 letters, digits, _ and -",
    r"^[A-Za-z0-9_.-]{1,128}$": "1 to 128 letters, digits, _, . and -",
    r"^https?://[^\s/]\S*$": "an http or https URL",
    r"^[a-z0-9-]+$": "a region, such as eu-west-1",
    r"^[^\s/]+$": "host or host:port",
}
