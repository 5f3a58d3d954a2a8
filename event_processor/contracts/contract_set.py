"""All contracts that count at one time."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from event_processor.contracts.contract import Contract


class ContractSet(NamedTuple):
    """The live contract of each subject, swapped as a whole.

    `epoch` is that of the registry; `read_at` (UTC) is when it was last asked with success, whether or not anything
    was new.
    """

    epoch: int
    read_at: datetime
    contracts: Mapping[str, Contract]


class Contracts(Protocol):
    """The contracts that count, as of the last time that the registry was read."""

    @property
    def current(self) -> ContractSet:
        """Swapped as a whole; costs no call."""
        ...
