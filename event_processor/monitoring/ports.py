"""What the monitor needs from the world, beside a stream to read, a store of rejects and notices."""

from collections.abc import Iterator
from typing import Final, Protocol

ABSENT: Final = "NoSuchKey"
"""The code of CallFailed for a name that has no object."""


class Files(Protocol):
    """The objects of MONITOR_STATE: see stores.objects.Objects. Each raises CallFailed."""

    def put(self, name: str, content: bytes) -> None:
        """Returns when it is durable."""
        ...

    def put_new(self, name: str, content: bytes) -> bool:
        """Whether the name has this content now; False if it has another, which stays."""
        ...

    def get(self, name: str) -> bytes:
        """The whole of it; the code ABSENT if there is none."""
        ...

    def names(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """All that begin so and come behind that name, in the order of their characters."""
        ...

    def delete(self, name: str) -> None:
        """It is gone, or was before."""
        ...
