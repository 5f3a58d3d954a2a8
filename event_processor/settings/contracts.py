"""The settings of the commands for contracts."""

from pydantic import Field

from event_processor.settings.shared import AwsSettings, ContractSettings


class ContractsSettings(AwsSettings, ContractSettings):
    """Each field is the environment variable of the same name in capitals."""

    streams_file: str = Field(
        "streams.yaml",
        description="Which streams there are, and what their records are: a file, or its content as JSON",
    )
