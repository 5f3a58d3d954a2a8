"""The threads of a reader. A bug in one of them ends the reader, and whoever waits for it hears why."""

import threading
from collections.abc import Callable

from event_processor.errors import EventProcessorError
from event_processor.telling import StepObserver

Step = Callable[[], None]


class Crew:
    """Runs steps on threads of their own until they return. `broken` is called with what ended one of them."""

    def __init__(self, observer: StepObserver, broken: Callable[[BaseException], None]) -> None:
        self._observer, self._broken = observer, broken

    def start(self, step: Step) -> threading.Thread:
        """Run the step on another thread, a daemon: a call that hangs keeps no process alive."""
        thread = threading.Thread(target=self._guard, args=(step,), name=f"consuming {step.__name__}", daemon=True)
        thread.start()
        return thread

    def _guard(self, step: Step) -> None:
        try:
            step()
        except EventProcessorError as error:  # what the operator has to fix is no bug
            self._broken(error)
        except Exception as error:  # noqa: BLE001 - told, and raised again where somebody waits
            self._broken(error)
            self._observer.crashed(step.__name__, error)
