"""The threads of a process: started together, ended together, and none of them ends unseen."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from event_processor.clock import Clock
from event_processor.submissions.delivery import Delivery
from event_processor.submissions.extensions import EXTENSION_BATCH
from event_processor.submissions.giving_back import GivingBack
from event_processor.submissions.hands import Hands
from event_processor.submissions.limits import Limits
from event_processor.submissions.monitor import Monitor, TimeIsUp
from event_processor.telling import StepObserver

_RELEASE_SHARE: Final = 0.2  # of the grace period, kept for giving back what is not finished
_LOOK_SECONDS: Final = 0.02  # while stopping, between two looks whether all is done

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stop went: `unreleased` messages stay hidden until their visibility timeout runs out.

    So do those that a receive took without our hearing of it: its answer was lost, unreadable or is still awaited.
    How many that are nobody knows; `perhaps_hidden` is the most that it can be.
    """

    released: int
    unreleased: int
    crashed: bool
    perhaps_hidden: int = 0

    @property
    def is_clean(self) -> bool:
        """All work was finished or given back."""
        return not self.unreleased and not self.perhaps_hidden and not self.crashed


class Crew:
    """Works until the monitor says stop, then finishes what is in hand or gives it back, within the grace period."""

    def __init__(
        self,
        monitor: Monitor,
        hands: Hands,
        giving_back: GivingBack,
        limits: Limits,
        clock: Clock,
        observer: StepObserver,
    ) -> None:
        self._monitor, self._hands, self._giving_back = monitor, hands, giving_back
        self._limits, self._clock, self._observer = limits, clock, observer
        self._crashed = False

    def work(self, receive: Step, others: Sequence[tuple[Step, int]]) -> Outcome:
        """Each step on so many threads; `receive` last, when there is somebody for all that comes of it.

        Returns when all work is finished or given back, or time is up.
        """
        for step, threads in others:
            for _ in range(threads):
                self._start(step)
        receivers = [self._start(receive) for _ in range(self._limits.receivers)]
        self._monitor.await_stop()
        end = self._clock.monotonic() + self._limits.grace_seconds
        self._await_the_last(receivers, end - self._limits.grace_seconds * _RELEASE_SHARE)
        self._monitor.end()
        self._release(self._hands.leave_all(), end)
        released, unreleased, perhaps_hidden = self._hands.stop_counts()
        return Outcome(released, unreleased, self._crashed, perhaps_hidden)

    def _await_the_last(self, receivers: Sequence[threading.Thread], deadline: float) -> None:
        while len(self._hands) or any(receiver.is_alive() for receiver in receivers):
            if self._clock.monotonic() >= deadline or self._crashed:
                break
            self._monitor.pause(_LOOK_SECONDS)

    def _release(self, deliveries: Sequence[Delivery], end: float) -> None:
        """Give them back, several calls at once, and wait for it until then: the queue may hang, we do not."""
        firsts = range(0, len(deliveries), EXTENSION_BATCH)
        batches = iter([deliveries[first : first + EXTENSION_BATCH] for first in firsts])

        def release() -> None:
            while batch := next(batches, None):  # of a list: safe for several threads
                self._giving_back.stopping(batch)

        releasing = [self._start(release) for _ in range(min(self._limits.extenders, len(firsts)))]
        for thread in releasing:
            thread.join(max(0.0, end - self._clock.monotonic()))

    def _start(self, step: Step) -> threading.Thread:
        thread = threading.Thread(target=self._guard, args=(step,), name=step.__name__, daemon=True)
        thread.start()
        return thread

    def _guard(self, step: Step) -> None:
        try:
            step()
        except TimeIsUp:
            pass
        except BaseException as error:  # noqa: BLE001 - a bug: end the process rather than limp on, then say so
            self._crashed = True
            self._monitor.stop()
            self._observer.crashed(step.__name__, error)
