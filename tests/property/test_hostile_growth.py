"""The work for a body grows with its size and no faster. Seconds: `python -m benchmarks.hostile`; here, calls."""

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from tests.property.hostile import SHAPES
from tests.unit.samples import judge

SMALL_BYTES = 4 * 1024
GROWTH = 4
FIXED_CALLS = 400


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, in Python and in C, until the work is done."""
    made = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


def grows_too_fast(work: Callable[[int], object]) -> bool:
    """Whether four times the size is clearly more than four times the calls."""
    work(SMALL_BYTES)  # what is made once and kept, is made
    small, large = calls(lambda: work(SMALL_BYTES)), calls(lambda: work(SMALL_BYTES * GROWTH))
    return large > GROWTH * 1.1 * small + FIXED_CALLS


@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_with_the_size(shape: str) -> None:
    """No kind of body makes us work more than in proportion to its size."""
    assert not grows_too_fast(lambda size: judge(SHAPES[shape](size)))


def test_growth_is_seen() -> None:
    """The count tells work that grows with the square of the size from work that does not."""
    assert grows_too_fast(lambda size: [abs(-1) for _ in range((size // 128) ** 2)])
