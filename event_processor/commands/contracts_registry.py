"""The registry that the commands for contracts work with."""

from functools import partial

from event_processor.bootstrap.contracts import contract_registry, provision_contracts
from event_processor.bootstrap.runtime import make_clients
from event_processor.contracts.registry import Registry
from event_processor.settings.contracts import ContractsSettings
from event_processor.settings.loading import load
from event_processor.telemetry import logs
from event_processor.telling import FanOut


def settings() -> ContractsSettings:
    """For a command whose output is for people: only errors are logged. Raises SettingsError."""
    logs.configure("ERROR", "console")
    return load(ContractsSettings)


def open_registry(*, make_folder: bool = False) -> Registry:
    """The one that the settings name; a table is made by `provision` only. Raises SettingsError."""
    named = settings()
    if make_folder and named.contracts.startswith("dir:"):
        provision_contracts(named, partial(make_clients, named))
    return contract_registry(named, partial(make_clients, named), FanOut())
