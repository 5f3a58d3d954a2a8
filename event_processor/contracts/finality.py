"""Whether a reject is final. Pure.

A contract that was published before a record arrived must count for it, and the set at hand may be older than that. So
a reject that depends on contracts is final only when the registry was read after the record arrived.
"""

from datetime import datetime, timedelta
from typing import Final

from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Refused

_CLOCKS_APART: Final = timedelta(seconds=60)  # at most, between the stream's clock and ours


def is_final(arrived: datetime, refused: Refused, contracts: ContractSet, received_at: datetime, now: datetime) -> bool:
    """Whether no contract can count for a record that we have not seen.

    When the record arrived is told by the stream's clock, and when the registry was read by ours, so a minute is
    between them for certain; or else the registry was read after we had the record in hand. A time of reading that is
    still to come is of before our clock was set back, and tells nothing.
    """
    least = min(received_at, arrived + _CLOCKS_APART)
    return not refused.depends_on_contracts or least <= contracts.read_at <= now
