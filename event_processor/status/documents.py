"""Expensive answers: made one at a time in a separate thread, a few a second, however often they are requested."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from http import HTTPStatus
from queue import SimpleQueue
from typing import Final

import structlog

from event_processor.status.http_messages import Answer

_PAUSE_SECONDS: Final = 0.2
_MOST_WAITING: Final = 8  # different documents; any number of clients may wait for the same one
_BUSY: Final = Answer(HTTPStatus.SERVICE_UNAVAILABLE, body=b'{"error": "busy"}', headers=(("Retry-After", "1"),))
_FAILED: Final = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, body=b'{"error": "could not be made"}')
_log = structlog.get_logger("event_processor")


@dataclass(frozen=True, slots=True)
class _Order:
    name: Hashable
    make: Callable[[], Answer]
    max_age_seconds: float
    result: "Future[Answer]"


class Documents:
    """Two documents are begun at least 0.2 s apart. An idle process begins at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, Answer]] = {}  # when begun
        self._waiting: dict[Hashable, _Order] = {}  # not begun
        self._orders: SimpleQueue[_Order] = SimpleQueue()
        self._failing: set[str] = set()
        threading.Thread(target=self._run, name="documents", daemon=True).start()

    def get(self, name: Hashable, make: Callable[[], Answer], max_age_seconds: float) -> "Answer | Future[Answer]":
        """The document of that name: one that was begun at most so long ago, else one that is begun from now on."""
        with self._lock:
            if kept := self._fresh(name, max_age_seconds):
                return kept
            if order := self._waiting.get(name):
                return order.result
            if len(self._waiting) >= _MOST_WAITING:
                return _BUSY
            order = _Order(name, make, max_age_seconds, Future())
            self._waiting[name] = order
        self._orders.put(order)
        return order.result

    def _run(self) -> None:
        pause = threading.Event()
        next_at = time.monotonic()
        while True:
            order = self._orders.get()
            if (seconds := next_at - time.monotonic()) > 0:
                pause.wait(seconds)
            with self._lock:
                del self._waiting[order.name]
                kept = self._fresh(order.name, order.max_age_seconds)
            if kept is None:
                next_at = time.monotonic() + _PAUSE_SECONDS
                kept = self._make(order)
            order.result.set_result(kept)

    def _make(self, order: _Order) -> Answer:
        begun_at = time.monotonic()
        try:
            answer = order.make()
        except Exception as error:  # noqa: BLE001 - this thread answers all who come later, too
            self._tell(type(error).__name__)
            return _FAILED
        if order.max_age_seconds:
            with self._lock:
                self._kept[order.name] = begun_at, answer
        return answer

    def _fresh(self, name: Hashable, max_age_seconds: float) -> Answer | None:
        begun_at, answer = self._kept.get(name, (float("-inf"), _FAILED))
        return answer if time.monotonic() - begun_at < max_age_seconds else None

    def _tell(self, error: str) -> None:
        """Once for each kind: who scrapes comes again every few seconds."""
        if error not in self._failing:
            self._failing.add(error)
            _log.error("bug: a page of the metrics port could not be made", error=error)
