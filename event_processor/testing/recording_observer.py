"""An observer that remembers what it was told."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple


class Fact(NamedTuple):
    """What happened: the name of the observer's method, and what it was called with."""

    name: str
    details: tuple[Any, ...]


class RecordingObserver:
    """An observer of everything: a method of any name adds a fact to `facts`, in the order in which they were told."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._lock = threading.Lock()

    def __getattr__(self, fact: str) -> Callable[..., None]:
        """The method that records this fact."""
        if fact.startswith("_"):
            raise AttributeError(fact)
        return partial(self._tell, fact)

    @property
    def facts(self) -> list[Fact]:
        """Everything told so far."""
        with self._lock:
            return list(self._facts)

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """The details of the facts of one name."""
        return [fact.details for fact in self.facts if fact.name == name]

    def _tell(self, name: str, *details: Any) -> None:
        copies = (list(each) if isinstance(each, list) else each for each in details)  # the teller may go on with it
        with self._lock:
            self._facts.append(Fact(name, tuple(copies)))
