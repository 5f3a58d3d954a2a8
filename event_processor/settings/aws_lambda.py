"""The settings of the Lambda function: those of `run` that apply, and its own."""

from event_processor.settings.shared import AwsSettings, FunctionSettings, PublishingSettings


class LambdaSettings(AwsSettings, FunctionSettings, PublishingSettings):
    """Each field is the environment variable of the same name in capitals."""
