"""The settings of the commands for contracts."""

from event_processor.settings.shared import AwsSettings, ContractSettings, StreamsSettings


class ContractsSettings(AwsSettings, StreamsSettings, ContractSettings):
    """Each field is the environment variable of the same name in capitals."""
