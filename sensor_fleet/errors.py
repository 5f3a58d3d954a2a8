"""Everything that ends a command with one line instead of a traceback.

FleetError
└── SettingsError    a setting, an option or a file given is of no use
"""


class FleetError(Exception):
    """AWS, the network or the machine does not let us go on."""


class SettingsError(FleetError):
    """What we were told to do cannot be done as told."""
