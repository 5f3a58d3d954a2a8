"""The totals of all rounds so far."""

from collections import Counter
from time import monotonic

from tests.soak.findings import Findings


class Totals:
    """Sums over rounds; peaks of memory."""

    def __init__(self) -> None:
        self._start = monotonic()
        self._sums: Counter[str] = Counter()
        self._max_rss_bytes = 0
        self.failed_seeds: list[int] = []

    def add(self, found: Findings) -> None:
        """A round that passed: it missed nothing and had nothing out of order, or it would have failed."""
        self._sums["rounds"] += 1
        self._sums["fifo"] += found.groups > 0
        self._sums.update(found.transports)
        self._sums[f"log {found.log}"] += 1
        for name in ("pipeline", "submissions", "events", "repeats", "refused", "bent", "denied", "rows", "rejects"):
            self._sums[name] += getattr(found, name)
        self._sums.update(found.deeds)
        self._max_rss_bytes = max(self._max_rss_bytes, found.max_rss_bytes)

    def failed(self, seed: int) -> None:
        """A round that did not."""
        self.failed_seeds.append(seed)

    def as_line(self) -> str:
        """For people."""
        sums = self._sums
        lost = "missing 0, out of order 0" if not self.failed_seeds else f"FAILED SEEDS {self.failed_seeds}"
        minutes = (monotonic() - self._start) / 60
        return (
            f"{minutes:.1f} min: {sums['rounds']} rounds ({sums['pipeline']} of the whole pipeline, "
            f"{sums['fifo']} on a FIFO queue, {sums['lean']} over lean, {sums['boto3']} over boto3), "
            f"{sums['submissions']:,} submissions, {sums['events']:,} events, "
            f"{sums['rows']:,} rows and {sums['rejects']:,} rejects in lakes, "
            f"{sums['kill']} kills, {sums['freeze']} freezes, {sums['terminate']} restarts, "
            f"{sums['refused']:,} refusals, {sums['repeats']:,} repeats, {sums['bent']:,} bent answers, "
            f"{sums['denied']:,} times no credentials, "
            f"{sums['log gone'] + sums['log unread']} rounds without a reader of logs, {lost}, "
            f"processors' memory at most {self._max_rss_bytes / 2**20:.0f} MiB"
        )
