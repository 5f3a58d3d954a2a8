"""An observer that cannot hurt: what goes wrong while a fact is told must not stop what the fact is about."""

import contextlib
from collections.abc import Callable
from typing import Any, Final, cast

from event_processor.submissions.ports import Observer

FACTS: Final = tuple(name for name in vars(Observer) if not name.startswith("_"))


def safe(observer: Observer) -> Observer:
    """The same observer, for a caller that works: an exception out of it ends here and is told as `untold`."""
    return observer if isinstance(observer, _Safe) else cast("Observer", _Safe(observer))


class _Safe:
    def __init__(self, to: Observer) -> None:
        for fact in FACTS:
            setattr(self, fact, _passing_on(to, fact))


def _passing_on(to: Observer, fact: str) -> Callable[..., None]:
    def tell(*details: Any) -> None:
        try:
            getattr(to, fact)(*details)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller has work to do
            with contextlib.suppress(Exception):
                to.untold(fact, error)

    return tell
