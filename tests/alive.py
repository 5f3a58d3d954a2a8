"""How much there is of a kind at the moment.

Not by `gc.get_objects`: it holds for a while what other threads are just making, and `tuple` of a generator then raises
SystemError in them.
"""

from collections.abc import Callable
from typing import Any

import pytest


class Alive:
    """Of all instances that are made from now on: how many there are, and of what size together."""

    def __init__(self, patch: pytest.MonkeyPatch, kind: Any, size: Callable[[Any], int] = lambda _: 1) -> None:
        self._sizes: dict[int, int] = {}
        make = kind.__init__

        def made(thing: Any, *args: Any, **more: Any) -> None:
            make(thing, *args, **more)
            self._sizes[id(thing)] = size(thing)

        patch.setattr(kind, "__init__", made)
        patch.setattr(kind, "__del__", lambda thing: self._sizes.pop(id(thing), None), raising=False)

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def size(self) -> int:
        """Of all that there are."""
        return sum(list(self._sizes.values()))
