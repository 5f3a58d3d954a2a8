"""Documents in immutable versions, `<folder>/<number>.json`: each is written only if there is none of its number."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from event_processor.errors import CallFailed
from event_processor.monitoring.ports import Files

_DIGITS: Final = 10
_ATTEMPTS: Final = 20  # each but the last lost to somebody who wrote


class Version(NamedTuple):
    """One of them; number 0 has no content."""

    number: int
    content: bytes


NONE: Final = Version(0, b"")


class Versions:
    """The versions of one folder, for any number of writers."""

    def __init__(self, files: Files, folder: str) -> None:
        self._files, self._folder = files, folder
        self._is_one = re.compile(rf"{re.escape(folder)}/\d{{{_DIGITS}}}\.json", re.ASCII)

    def latest(self, known: Version = NONE) -> Version:
        """The newest, which is `known` if there is none behind it. Raises CallFailed."""
        name = ""
        for each in self._files.names(f"{self._folder}/", after=self._name(known.number)):
            if self._is_one.fullmatch(each):  # and no copy that somebody put beside them
                name = each
        return Version(int(name.rpartition("/")[2].partition(".")[0]), self._files.get(name)) if name else known

    def change(self, change: Callable[[Version], bytes]) -> Version:
        """Write the version behind the newest, made of it. Raises CallFailed."""
        latest = self.latest()
        for _ in range(_ATTEMPTS):
            content = change(latest)
            if self._files.put_new(self._name(latest.number + 1), content):
                return Version(latest.number + 1, content)
            latest = self.latest(latest)
        raise CallFailed("put_object", "Busy", f"{self._folder}: others write all the time")

    def _name(self, number: int) -> str:
        return f"{self._folder}/{number:0{_DIGITS}}.json"
