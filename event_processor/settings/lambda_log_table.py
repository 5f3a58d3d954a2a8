"""The settings of the Lambda function that a database calls with its metrics."""

from event_processor.settings.monitor import MetricsSettings
from event_processor.settings.shared import AwsSettings


class LambdaLogTableSettings(AwsSettings, MetricsSettings):
    """Each field is the environment variable of the same name in capitals."""
