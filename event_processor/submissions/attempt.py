"""A call that may fail without ending the step that makes it."""

from collections.abc import Callable
from typing import TypeVar

from event_processor.errors import CallFailed
from event_processor.telling import StepObserver

T = TypeVar("T")


def attempt(observer: StepObserver, step: str, call: Callable[[], T]) -> T | CallFailed:
    """The result of a call, or its failure after all retries, as a value. The observer is told either way."""
    try:
        result = call()
    except CallFailed as error:
        observer.failing(step, error)
        return error
    observer.working(step)
    return result
