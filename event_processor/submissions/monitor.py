"""The lock that the threads of a process share, the conditions that they wait for, and the end of all waiting."""

import threading


class TimeIsUp(Exception):
    """It is over in the middle of something; what it was about is still held."""


class Monitor:
    """One lock for all that is shared. Who waits for a condition of it looks at `is_stopping` or `is_over` each time.

    `stop`: receive no more, what is in hand goes on. `end`: time is up, or all is done; there are no new calls.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._conditions: list[threading.Condition] = []
        self._stopping, self._over = threading.Event(), threading.Event()

    def condition(self) -> threading.Condition:
        """Something that threads wait for, with the lock in hand."""
        self._conditions.append(threading.Condition(self.lock))
        return self._conditions[-1]

    @property
    def is_stopping(self) -> bool:
        """Whether nothing more is to be received."""
        return self._stopping.is_set()

    @property
    def is_over(self) -> bool:
        """Whether there are to be no new calls."""
        return self._over.is_set()

    def stop(self) -> None:
        """Have nothing more received."""
        self._set(self._stopping)

    def end(self) -> None:
        """Have no new calls made."""
        self._set(self._over)

    def await_stop(self) -> None:
        """Wait until somebody says stop."""
        self._stopping.wait()

    def pause(self, seconds: float) -> bool:
        """Wait so long, or until it is over: then False."""
        return not self._over.wait(seconds)

    def pause_unless_stopping(self, seconds: float) -> bool:
        """Wait so long, or until we are stopping: then False."""
        return not self._stopping.wait(seconds)

    def _set(self, event: threading.Event) -> None:
        with self.lock:
            event.set()
            for condition in self._conditions:
                condition.notify_all()
