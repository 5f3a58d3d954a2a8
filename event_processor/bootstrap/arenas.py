"""One heap for all threads, for jobs whose threads take turns with a lot of memory."""

import ctypes
from contextlib import suppress
from typing import Final

_M_ARENA_MAX: Final = -8  # glibc, malloc.h
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 256 * 1024


def share_one_arena() -> None:
    """To be called before there are threads. glibc gives each of them a heap of its own, up to 8 for each core.

    Each heap then grows to the most that its thread ever needed at once: of sixteen threads that read pages of a stream
    a hundred megabytes. What it is good for, threads that do not wait for each other, Python's lock prevents anyway.
    Elsewhere than on glibc this does nothing.

    What is larger than `_LARGE_BYTES`, as answers of a call and files that are made, is given back to the system when
    it is done with. It would leave holes in the heap otherwise, where glibc puts it after the first was freed.
    """
    with suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
