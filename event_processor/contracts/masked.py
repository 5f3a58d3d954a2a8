"""A record as people may see it: without what its contract calls `x-pii`. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from event_processor.contracts.contract import Contract
from event_processor.contracts.schema import Trail

MASK: Final = "[x-pii]"


def masked(record: Any, contract: Contract, at: Sequence[str]) -> Any:
    """The record with a mask for each personal value, and for each name there that the contract does not have itself.

    `at` are the steps to the part of it that the contract is about.
    """
    if at:
        if not isinstance(record, dict) or at[0] not in record:
            return record
        return record | {at[0]: masked(record[at[0]], contract, at[1:])}
    return _masked(record, contract.places.along([]))


def _masked(value: Any, trail: Trail) -> Any:
    if trail.is_pii:
        return MASK
    if isinstance(value, list):
        return [_masked(each, trail.step(place)) for place, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for name, each in value.items():
        below = trail.step(name)
        if below.is_pii and not trail.knows(name):
            made[f"{MASK} {len(made)}"] = MASK
        else:
            made[name] = _masked(each, below)
    return made
