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
    """Whether the registry was read late enough: no contract that counts for the record is unknown to us.

    The arrival is by the stream's clock and the reading by ours, so the reading has to be a minute later; or later than
    `received_at`, when we had the record in hand. A reading in the future is from before our clock was set back, and
    proves nothing.
    """
    least = min(received_at, arrived + _CLOCKS_APART)
    return not refused.depends_on_contracts or least <= contracts.read_at <= now
