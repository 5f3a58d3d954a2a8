"""How soon the registry is read when rejects wait for that, so that people hear of them at once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from event_processor.bootstrap.contracts import keep_watching
from event_processor.clock import SystemClock
from event_processor.contracts.registry import LiveDocuments
from event_processor.contracts.watcher import Watcher
from event_processor.errors import CallFailed
from event_processor.telemetry.threads import Threads
from event_processor.testing import RecordingObserver
from tests.eventually import eventually


class CountingRegistry:
    """Without a contract; knows how often it was asked."""

    unseen_seconds = 0.0

    def __init__(self, is_down: bool = False) -> None:
        self.asked, self._is_down = 0, is_down

    def epoch(self) -> int:
        """The same for ever."""
        return self.read().epoch

    def read(self) -> LiveDocuments:
        """All there is."""
        self.asked += 1
        if self._is_down:
            raise CallFailed("contracts_read", "EIO", "down")
        return LiveDocuments(1, {})


@contextmanager
def watching(registry: CountingRegistry, wanted: threading.Event) -> Iterator[None]:
    """Asked once an hour, if nothing waits for it."""
    clock, stop = SystemClock(), threading.Event()
    watcher = Watcher(registry, RecordingObserver(), clock, 3600)  # type: ignore[arg-type]
    keep_watching(watcher, 3600, stop, Threads(clock), wanted.is_set)
    try:
        yield
    finally:
        stop.set()


def test_the_registry_is_read_at_once_when_rejects_wait_for_it() -> None:
    """An hour between two readings is as good as nothing while somebody waits, and holds when nobody does any more."""
    registry, wanted = CountingRegistry(), threading.Event()
    with watching(registry, wanted):
        eventually(lambda: registry.asked == 1)
        wanted.set()
        eventually(lambda: registry.asked > 2, "it to be read again")
        wanted.clear()
        time.sleep(0.6)  # in which the last look that was wanted may happen
        asked = registry.asked
        time.sleep(0.6)

        assert registry.asked == asked


def test_a_registry_that_is_down_is_not_asked_more_often() -> None:
    """What waits does not make it worse for a registry that does not answer."""
    registry, wanted = CountingRegistry(is_down=True), threading.Event()
    wanted.set()
    with watching(registry, wanted):
        eventually(lambda: registry.asked == 1)
        time.sleep(1.2)

        assert registry.asked == 1
