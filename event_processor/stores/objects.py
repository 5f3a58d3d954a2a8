"""Whole, durable objects under names with slashes: what a lake, in a directory or in a bucket, is made of."""

from collections.abc import Iterator
from typing import Final, Protocol

ABSENT: Final = "NoSuchKey"
"""The code of CallFailed for a name that has no object."""


class Objects(Protocol):
    """Others see an object whole or not at all. Names have no empty part, and none that begins with a dot.

    Each raises CallFailed, and ValueError for a name that is none.
    """

    def put(self, name: str, content: bytes) -> None:
        """Returns when it is durable. Replaces what was there."""
        ...

    def put_new(self, name: str, content: bytes) -> bool:
        """Whether the name has this content now, durably: made by this call, or the same by an earlier one.

        False if it has another content, which stays as it is. Of several that put at once, one wins.
        """
        ...

    def get(self, name: str) -> bytes:
        """The whole of it. Raises CallFailed with the code ABSENT if there is none."""
        ...

    def names(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """All names that begin so and come behind that one, in the order of their characters.

        What is not a name is left out.
        """
        ...

    def move(self, name: str, to: str) -> None:
        """Give it another name, replacing what was there: durable under that before the old one is gone.

        Nothing if there is none of that name any more: an earlier call may have moved it, its answer being lost.
        """
        ...

    def delete(self, name: str) -> None:
        """It is gone, or was before."""
        ...


def checked(name: str) -> str:
    """The name. Raises ValueError for one that would not be the same object in every store."""
    if not is_name(name):
        raise ValueError(f"no name of an object: {name!r}")
    return name


def is_name(text: str) -> bool:
    """Whether it would be the same object in every store."""
    return all(part and not part.startswith(".") for part in text.split("/"))
