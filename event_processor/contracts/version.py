"""Versions of contracts: MODEL-REVISION-ADDITION, as SchemaVer counts them."""

import re
from typing import Final, NamedTuple, Self

_FORM: Final = re.compile(r"([1-9]\d{0,5})-(0|[1-9]\d{0,5})-(0|[1-9]\d{0,5})", re.ASCII)


class Version(NamedTuple):
    """In the order of its parts.

    A new model breaks: what was valid may no longer be. A revision may break some senders, an addition none.
    """

    model: int
    revision: int
    addition: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for anything but three numbers such as 1-0-2; the first is at least 1."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError("a version is MODEL-REVISION-ADDITION, such as 1-0-2")
        return cls(*map(int, found.groups()))

    def __str__(self) -> str:
        return "-".join(map(str, self))
