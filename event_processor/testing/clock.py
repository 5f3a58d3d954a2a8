"""A clock moved by hand."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """See Clock. Stands still until a test moves it: until then a refused lane rests and no heartbeat is due."""

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_seconds = 0.0

    def now(self) -> datetime:
        """The time of day, UTC."""
        return self._start + timedelta(seconds=self._elapsed_seconds)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed_seconds

    def advance(self, seconds: float) -> None:
        """Move time forward."""
        self._elapsed_seconds += seconds

    def sleep(self, seconds: float) -> None:
        """Move time forward: nobody waits in a test."""
        self.advance(seconds)
