"""What the jobs that read streams have in common: what they wait for, and that they stop in time, whatever hangs."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

import structlog

from event_processor.bootstrap.job import End, Job, W
from event_processor.bootstrap.runtime import AwsParts
from event_processor.bootstrap.watched import Watched
from event_processor.consuming.ports import Outcome
from event_processor.contracts.watcher import UNREAD, Watcher
from event_processor.settings.shared import WorkerSettings
from event_processor.telemetry.threads import Threads

HANGING_SECONDS: Final = 0.5  # beyond the grace period: then it hangs
LAST_NOTICES_SECONDS: Final = 5.0  # to tell people at the end
_LOOK_SECONDS: Final = 0.5  # whether the time to stop is up
_log = structlog.get_logger("event_processor")

T = TypeVar("T")


class ReadingJob(Job[W]):
    """See Job."""

    def __init__(self, settings: WorkerSettings, watched: Watched) -> None:
        super().__init__(settings, watched)
        self._end = inf

    @property
    def is_stopping(self) -> bool:
        """Whether the grace period has begun."""
        return self._end < inf

    def begin_to_stop(self) -> None:
        """The grace period begins."""
        self._end = time.monotonic() + self.settings.shutdown_grace
        _log.info("stopping", grace_seconds=self.settings.shutdown_grace)

    def left_seconds(self) -> float:
        """What is left of the grace period."""
        return max(0.0, self._end - time.monotonic())

    def hangs(self) -> bool:
        """Whether what has not ended by now does not end."""
        return time.monotonic() >= self._end + HANGING_SECONDS


def outcomes(
    threads: Threads,
    runs: Mapping[str, Callable[[], T]],
    hangs: Callable[[], bool],
    failed: Callable[[], None] = lambda: None,
) -> list[T]:
    """What these return, each on a thread of its own; fewer than there are if something hangs.

    Raises what has ended one of them, once the others have come to an end as well, which is for `failed` to begin.
    """
    ended: SimpleQueue[T | BaseException] = SimpleQueue()

    def run(work: Callable[[], T]) -> None:
        try:
            ended.put(work())
        except BaseException as error:  # noqa: BLE001 - raised again, where somebody waits
            ended.put(error)

    for name, work in runs.items():
        threads.start(name, partial(run, work))
    returned: list[T] = []
    failures: list[BaseException] = []
    while len(returned) + len(failures) < len(runs) and not hangs():
        with suppress(Empty):
            found = ended.get(timeout=_LOOK_SECONDS)
            if not isinstance(found, BaseException):
                returned.append(found)
                continue
            failures.append(found)
            if len(failures) == 1:
                failed()
    if failures:
        raise failures[0]
    return returned


def awaited(parts: AwsParts[Any], streams: Iterable[str]) -> str | None:
    """The first of these streams that does not work yet, as what a job waits for. Raises CallFailed."""
    waits = (name for name in streams if not parts.resources_once.stream(name).works)
    return next((f"stream {name} to be ACTIVE" for name in waits), None)


def awaited_contracts(watcher: Watcher, setting: str) -> str | None:
    """The same of contracts, which have to be read once."""
    unread = not watcher.refresh() and watcher.current is UNREAD
    return f"contracts {setting} to be readable" if unread else None


def hung() -> End:
    """With a call that does not come back."""
    return End(False, "stopped with a call that hangs: what is unfinished is read again at the next start")


def unfinished(**facts: object) -> End:
    """With records in hand."""
    return End(False, "stopped with work unfinished: it is read again at the next start", facts)


def end_of(outcome: Outcome) -> End:
    """Of one reader."""
    if outcome.is_clean:
        return End(True)
    return unfinished(records=outcome.unfinished, checkpoints_written=outcome.checkpoints_written)
