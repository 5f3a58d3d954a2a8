"""Everything that ends a command with one line instead of a traceback.

FleetError
└── SettingsError    a setting, an option or a file is wrong
"""


class FleetError(Exception):
    """AWS, the network or the machine failed, and not just for a moment."""


class SettingsError(FleetError):
    """A setting, an option or a file is wrong."""
