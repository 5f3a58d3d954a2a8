"""Loaded by schemathesis, see tests/system/test_described_door.py: it and its locked dependencies differ in two places.

Both go once schemathesis and hypothesis-jsonschema are of the time of Hypothesis 6.170 and jsonschema-rs 0.61.
"""

from typing import Any

from hypothesis.internal.conjecture.utils import many
from schemathesis.specs.openapi import _hypothesis


def more(self: Any) -> bool:
    """What hypothesis-jsonschema calls: whether to draw one more element."""
    if not self._iterated:
        self.__enter__()
        self.elements = iter(self)
    for _ in self.elements:
        return True
    self.__exit__(None)
    return False


many.more = more  # type: ignore[attr-defined]
_hypothesis._canonical_strategy_or_none = lambda *_: None  # then hypothesis-jsonschema makes the values
