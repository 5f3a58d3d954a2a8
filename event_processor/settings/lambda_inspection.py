"""The settings of the Lambda function on a stream: those of `inspect` that apply, and its own."""

from event_processor.settings.inspection import VerdictSettings
from event_processor.settings.shared import AwsSettings, FunctionSettings


class LambdaInspectionSettings(AwsSettings, FunctionSettings, VerdictSettings):
    """Each field is the environment variable of the same name in capitals."""
