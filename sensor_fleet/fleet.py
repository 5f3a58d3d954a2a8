"""The fleet at work: threads that take what is due, make it and send it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_delay,
    stop_any,
    stop_when_event_set,
    wait_fixed,
)

from sensor_fleet.aws import passes
from sensor_fleet.errors import FleetError
from sensor_fleet.pacing import Schedule
from sensor_fleet.progress_bar import Update

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_Found = TypeVar("_Found")

_SECONDS_BETWEEN_UPDATES = 0.2
_SECONDS_BETWEEN_LOOKS = 0.5


def senders_for(rate: float, queue: str) -> int:
    """How many threads send: more than one only to hide the latency of calls, as they share one processor anyway.

    To a FIFO queue a single one: two would not keep the order of a message group.
    """
    return 1 if 0 < rate <= 50 or is_fifo(queue) else 4


def is_fifo(queue: str) -> bool:
    """A FIFO queue's name ends with .fifo, and no other does (CreateQueue in the SQS API reference)."""
    return queue.endswith(".fifo")


def queue_url(
    sqs: SQSClient, name: str, wait_seconds: float, stop: threading.Event, tell: Callable[[str], None]
) -> str | None:
    """The queue's URL, waited for while the queue or its endpoint is not there yet, which is told once.

    None when stopped meanwhile. Raises FleetError or botocore's own errors when waiting was in vain.
    """
    place = Place(f"queue {name}", sqs.meta.endpoint_url, sqs.exceptions.QueueDoesNotExist)
    return waited_for(lambda: sqs.get_queue_url(QueueName=name)["QueueUrl"], place, wait_seconds, stop, tell)


class Place(NamedTuple):
    """Where records are to go: its name and endpoint for people, and the error by which AWS says it is not there."""

    name: str
    endpoint: str
    missing: type[BaseException]


def waited_for(
    look: Callable[[], _Found], place: Place, wait_seconds: float, stop: threading.Event, tell: Callable[[str], None]
) -> _Found | None:
    """What `look` finds at a place, waited for while it or its endpoint is not there yet, which is told once.

    None when stopped meanwhile. Raises FleetError or botocore's own errors when waiting was in vain.
    """

    def not_there_yet(error: BaseException) -> bool:
        return isinstance(error, place.missing) or passes(error)

    def tell_once(state: RetryCallState) -> None:
        if state.attempt_number == 1:
            tell(f"waiting up to {wait_seconds:g} s for {place.name} at {place.endpoint}")

    retrying = Retrying(
        retry=retry_if_exception(not_there_yet),
        wait=wait_fixed(_SECONDS_BETWEEN_LOOKS),
        stop=stop_any(stop_after_delay(wait_seconds), stop_when_event_set(stop)),
        sleep=sleep_using_event(stop),
        before_sleep=tell_once,
        reraise=True,
    )
    try:
        return retrying(look)
    except (BotoCoreError, ClientError) as error:
        if stop.is_set():
            return None
        if isinstance(error, place.missing):
            raise FleetError(f"there is no {place.name} at {place.endpoint}") from error
        raise


class Fleet:
    """Makes and sends what is due, by index and at most `batch` at once, when a schedule says so."""

    def __init__(
        self, send: Callable[[list[int]], None], batch: int, schedule: Schedule, stop: threading.Event
    ) -> None:
        self._send = send
        self._batch = batch
        self._schedule = schedule
        self._stop = stop

    def run(self, threads: int, sent: Callable[[], int], update: Update) -> None:
        """Send until the schedule ends. Raises what a thread raised, after stopping the others."""
        with ThreadPoolExecutor(threads, thread_name_prefix="sender") as pool:
            working = {pool.submit(self._work) for _ in range(threads)}
            try:
                self._watch(working, sent, update)
            finally:
                self._stop.set()

    def _watch(self, working: set[Future[None]], sent: Callable[[], int], update: Update) -> None:
        while working:
            done, working = wait(working, timeout=_SECONDS_BETWEEN_UPDATES, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            update(sent())

    def _work(self) -> None:
        while indices := self._schedule.take(self._batch):
            self._send(indices)
