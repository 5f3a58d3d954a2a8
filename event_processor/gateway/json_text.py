"""A JSON text that is gone through once, so that parts of it can be taken as they were written. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

_SPACE: Final = " \t\n\r"
_SPACES: Final = re.compile(f"[{_SPACE}]+")


class JsonText:
    """Values are read by the standard library, which says where each ends. Raises ValueError for what is not JSON.

    Whoever asks for names or items reads each value before the next.
    """

    def __init__(self, text: str, decoder: json.JSONDecoder) -> None:
        self.text, self.at = text, 0
        self._decoder = decoder

    def names(self) -> Iterator[tuple[str, int]]:
        """Of the object here, and where each begins."""
        for _ in self._separated("}"):
            if self.next() != '"':
                raise ValueError("a name must stand here")
            start = self.at
            name = self.value()
            self._step(":")
            self.next()
            yield name, start

    def items(self) -> Iterator[int]:
        """Of the list here, by number."""
        for number in self._separated("]"):
            self.next()
            yield number

    def value(self) -> Any:
        """The one here."""
        value, self.at = self._decoder.raw_decode(self.text, self.at)
        return value

    def next(self) -> str:
        """The next character that is not white space, empty at the end."""
        character = self.text[self.at : self.at + 1]
        if character not in _SPACE:
            return character
        if found := _SPACES.match(self.text, self.at):  # there may be megabytes of it
            self.at = found.end()
        return self.text[self.at : self.at + 1]

    def end(self) -> None:
        """Nothing follows."""
        if self.next():
            raise ValueError("something follows the document")

    def _separated(self, closing: str) -> Iterator[int]:
        """What stands between here and the closing bracket, by number."""
        self.at += 1
        if self.next() != closing:
            number = 0
            while True:
                yield number
                number += 1
                if self.next() == closing:
                    break
                self._step(",")
        self.at += 1

    def _step(self, character: str) -> None:
        if self.next() != character:
            raise ValueError(f"{character} must stand at character {self.at}")
        self.at += 1
