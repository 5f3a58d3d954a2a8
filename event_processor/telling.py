"""Tells facts to observers. An observer that fails does not disturb the work.

A role that tells something has a protocol of its own where it lives: what is told of calls and of steps here, since
every job and every adapter tells those, of publishing in `publishing`, of rejects in `rejects`, of receiving and
holding in `submissions`.
"""

import contextlib
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from event_processor.errors import CallFailed

T = TypeVar("T")


class CallObserver(Protocol):
    """Hears of each call to AWS."""

    def called(self, operation: str, seconds: float) -> None:
        """A call took so long, successful or not."""

    def retried(self, operation: str, error_code: str) -> None:
        """A call, or an entry of it, is tried again."""


class StepObserver(Protocol):
    """Hears how the steps of a job get on: `receive`, `put`, `store`, `credentials` and the like."""

    def failing(self, step: str, error: CallFailed) -> None:
        """A step's calls do not succeed at the moment; it goes on trying."""

    def working(self, step: str) -> None:
        """A step's call succeeded."""

    def crashed(self, step: str, error: BaseException) -> None:
        """A thread of ours ended by a bug; the process stops."""


class UntoldObserver(Protocol):
    """Hears of facts that an observer failed on."""

    def untold(self, fact: str, error: Exception) -> None:
        """An observer raised this when it was told the fact, which is the name of its method."""


class FanOut:
    """Several observers, or a single one, as one that never raises.

    It has a method for every fact, which calls the observers that have a method of that name, in their order. What one
    of them raises is told to all as `untold`, and keeps neither the others from hearing nor the caller from working.
    """

    def __init__(self, *observers: object) -> None:
        self._observers: list[object] = []
        for each in observers:  # one that is a fan-out already is not guarded twice
            self._observers += each._observers if isinstance(each, FanOut) else [each]  # noqa: SLF001 - our own kind

    def __getattr__(self, fact: str) -> Callable[..., None]:
        """Made when a fact is told for the first time, and kept: from then on it is an attribute like any other."""
        if fact.startswith("_"):
            raise AttributeError(fact)
        tell = self._telling(fact, tuple(getattr(each, fact) for each in self._observers if hasattr(each, fact)))
        setattr(self, fact, tell)
        return tell

    def _telling(self, fact: str, hearers: tuple[Callable[..., None], ...]) -> Callable[..., None]:
        def tell(*details: Any) -> None:
            for hear in hearers:
                try:
                    hear(*details)
                except Exception as error:  # noqa: BLE001 - whatever it is, the caller has work to do
                    self._tell_untold(fact, error)

        return tell

    def _tell_untold(self, fact: str, error: Exception) -> None:
        for each in self._observers:
            if hasattr(each, "untold"):
                with contextlib.suppress(Exception):
                    each.untold(fact, error)


def facts(*protocols: type) -> tuple[str, ...]:
    """The names of all that is told by these protocols."""
    return tuple(name for protocol in protocols for name in dir(protocol) if not name.startswith("_"))


def attempt(observer: StepObserver, step: str, call: Callable[[], T]) -> T | CallFailed:
    """The result of a call, or its failure after all retries, as a value. The observer is told either way."""
    try:
        result = call()
    except CallFailed as error:
        observer.failing(step, error)
        return error
    observer.working(step)
    return result
