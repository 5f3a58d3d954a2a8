"""The settings of the Lambda function on a stream: those of `inspect` that apply, and its own."""

from typing import Literal

from pydantic import Field

from event_processor.settings.inspection import VerdictSettings
from event_processor.settings.shared import AwsSettings


class _FunctionSettings(VerdictSettings):
    rejects: Literal["log", "sqs", "lake"] = Field("log", description="Where rejects are stored")
    lambda_margin: float = Field(
        2.0,
        ge=0.5,
        le=60,
        description="Seconds before the function's timeout at which it stops and reports what is unfinished",
    )


class LambdaInspectionSettings(AwsSettings, _FunctionSettings):
    """Each field is the environment variable of the same name in capitals."""
