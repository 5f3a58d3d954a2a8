"""An origin: where a submission or a reject came from."""

from datetime import datetime
from typing import NamedTuple


class Origin(NamedTuple):
    """One receipt of one thing: by which door it came, its id there, and how often it came so far.

    `sent_at` is the time of sending as the door knows it, None if it does not; `received_at` is ours. Both are UTC.
    """

    door: str
    id: str
    receive_count: int
    sent_at: datetime | None
    received_at: datetime
