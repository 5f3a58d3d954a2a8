"""Messages go back with a delay that grows, and has an end."""

from typing import Any

import pytest

from event_processor.submissions.giving_back import LONGEST_DELAY_SECONDS, GivingBack
from event_processor.testing import RecordingObserver
from tests.unit.samples import delivery


class _Anything:
    """Hands and outbox, of which nothing matters here; a source that remembers the delays."""

    size_bytes = 0

    def __init__(self) -> None:
        self.delays: list[int] = []

    def __len__(self) -> int:
        return 0

    def drop(self, _message_ids: Any) -> None:
        """Nothing was held."""

    def change_visibility(self, timeouts: Any) -> list[Any]:
        """See Source."""
        self.delays += [seconds for _, seconds in timeouts]
        return []


@pytest.mark.parametrize(
    ("receives", "delay_seconds"),
    [(0, 1), (1, 2), (3, 8), (9, 512), (10, LONGEST_DELAY_SECONDS), (10**18, LONGEST_DELAY_SECONDS)],
)
def test_the_delay_grows_with_the_receives(receives: int, delay_seconds: int) -> None:
    """It doubles up to a longest one, whatever number of receives the queue says."""
    every: Any = _Anything()

    GivingBack(every, every, every, RecordingObserver()).later(delivery("x", "m", "h", receives), "any")

    assert every.delays == [delay_seconds]
