"""Background threads, which should run as long as the process; it is reported when one ends or hangs."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from event_processor.clock import Clock
from event_processor.telemetry.logs import places

SILENT_SECONDS: Final = 300.0  # longer than a round takes that has all its calls time out, with all their tries


class Threads:
    """Starts them, and knows which has ended by an exception and which has hung for minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._log = structlog.get_logger("event_processor")
        self._lock = threading.Lock()
        self._ended: dict[str, str] = {}
        self._heard: dict[str, float] = {}

    def start(self, name: str, task: Callable[[], None]) -> None:
        """Run the task in a daemon thread. An exception out of it is logged, and is in `troubles` from then on."""
        threading.Thread(target=self._run, args=(name, task), name=name, daemon=True).start()

    def alive(self, name: str) -> None:
        """A thread that works in rounds begins one. From the first time on it is missed when it does not for long."""
        with self._lock:
            self._heard[name] = self._clock.monotonic()

    def done(self, name: str) -> None:
        """It has no more rounds to do, and is not missed."""
        with self._lock:
            self._heard.pop(name, None)

    @property
    def ended(self) -> list[str]:
        """The threads that ended though they should not have, and by what."""
        with self._lock:
            return [f"thread {name} ended: {error}" for name, error in self._ended.items()]

    @property
    def silent(self) -> list[str]:
        """The threads that have begun no round for minutes: they wait for something that does not come."""
        now = self._clock.monotonic()
        with self._lock:
            waits = {name: now - heard for name, heard in self._heard.items()}
        return [
            f"thread {name} hangs for {seconds:.0f} s" for name, seconds in waits.items() if seconds > SILENT_SECONDS
        ]

    def _run(self, name: str, task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - even what is meant to end a thread must not end this one unseen
            with self._lock:
                self._ended[name] = type(error).__name__
                self._heard.pop(name, None)
            self._log.critical("bug: thread ended", thread=name, error=type(error).__name__, places=places(error))
