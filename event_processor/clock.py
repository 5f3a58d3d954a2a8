"""The real clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """See Clock."""

    def now(self) -> datetime:
        """The time of day, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only rise."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return when so many have passed."""
        time.sleep(seconds)
