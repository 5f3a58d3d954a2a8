"""The settings of the Lambda function on the stream of metrics: those of `monitor` that apply, and its own."""

from event_processor.settings.monitor import JudgingSettings
from event_processor.settings.shared import AwsSettings, FunctionSettings


class LambdaMonitorSettings(AwsSettings, FunctionSettings, JudgingSettings):
    """Each field is the environment variable of the same name in capitals."""
