"""The threads of a reader. A bug in one of them ends the reader, and whoever waits for it hears why."""

import threading
from collections.abc import Callable

from event_processor.clock import Clock
from event_processor.telling import StepObserver

Step = Callable[[], None]


class Crew:
    """Runs steps on threads of their own until they return. `broken` is called with what ended one of them."""

    def __init__(self, clock: Clock, observer: StepObserver, broken: Callable[[BaseException], None]) -> None:
        self._clock, self._observer, self._broken = clock, observer, broken
        self._threads: list[threading.Thread] = []

    def start(self, step: Step) -> None:
        """On a thread more. They are daemons: a call that hangs keeps no process alive."""
        thread = threading.Thread(target=self._guard, args=(step,), name=f"consuming {step.__name__}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self, seconds: float) -> bool:
        """Wait so long for all of them to end. Returns whether they have."""
        end = self._clock.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - self._clock.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _guard(self, step: Step) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - told, and raised again where somebody waits
            self._broken(error)
            self._observer.crashed(step.__name__, error)
