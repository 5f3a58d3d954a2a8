"""Where the monitor keeps things, for commands."""

from event_processor.bootstrap.rejects import lake_of
from event_processor.bootstrap.runtime import make_clients
from event_processor.settings.monitor import MonitorCommandSettings, MonitorTrainingSettings
from event_processor.stores.objects import Objects
from event_processor.telling import FanOut


def files_of(settings: MonitorCommandSettings) -> Objects:
    """The objects of MONITOR_STATE; a folder needs nothing of AWS."""
    return lake_of(settings.monitor_state, lambda: make_clients(settings), FanOut(), pool=1)


def lake_files_of(settings: MonitorTrainingSettings) -> Objects:
    """The objects of LAKE."""
    return lake_of(settings.lake, lambda: make_clients(settings), FanOut(), pool=1)
