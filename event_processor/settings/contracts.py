"""The settings of the commands for contracts."""

from event_processor.settings.shared import AwsSettings, ContractSettings


class ContractsSettings(AwsSettings, ContractSettings):
    """Each field is the environment variable of the same name in capitals."""
