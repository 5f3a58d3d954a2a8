"""The heap of a process, as glibc itself tells of it."""

import platform
import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes, threading
from event_processor.bootstrap.arenas import share_one_arena
{call}
all_there = threading.Barrier(8)
def work():
    all_there.wait()
    kept = [bytes(2000) for _ in range(1000)]
    all_there.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_one_heap() -> None:
    """Sixteen threads that read do not each keep the memory that one of them needs at a time."""
    assert _arenas("") > 1
    assert _arenas("share_one_arena()") == 1


def _arenas(call: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(call=call)], capture_output=True, text=True, check=True
    )
    return done.stderr.count("Arena ")
