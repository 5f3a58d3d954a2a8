"""The faults of a large value, part by part: each brings a copy of its object, so that all at once may take seconds."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from event_processor.contracts.compiling import compiled_parts
from event_processor.contracts.contract import Contract
from event_processor.contracts.paths import Path
from event_processor.contracts.schema import pointer_of, referred
from event_processor.json_document import escaped

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, ValidatorMap

_BUDGET_MICROSECONDS: Final = 30_000
_MOST_PARTS: Final = 10_000  # looked at one by one


class Part(NamedTuple):
    """A part of a value, and the steps to it."""

    path: Path
    value: Any


Unfit = tuple[Part, str | None]
"""A part that does not fit, and the name of the field that it lacks, if it is known to be that."""


def is_large(contract: Contract, value: Any) -> bool:
    """Whether the list of its faults could take longer than may be spent on one record."""
    return contract.weight.microseconds(_values(value)) > _BUDGET_MICROSECONDS


def _values(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting and count < _BUDGET_MICROSECONDS:
        each = waiting.pop()
        count += 1
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return count


@lru_cache(maxsize=8)
def _parts(contract: Contract) -> "tuple[dict[str, Any], ValidatorMap]":
    document = contract.document
    return document, compiled_parts(document)


class LargeValue:
    """Looks for the faults of one value."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._document, self._parts = _parts(contract)
        self._left = iter(range(_MOST_PARTS))

    def errors(self, value: Any) -> "Iterator[tuple[Part, ValidationError] | Unfit]":
        """The faults of parts that are small enough for all of theirs; else the places that do not fit."""
        return self._within("", value, [])

    def _within(self, pointer: str, value: Any, path: Path) -> "Iterator[tuple[Part, ValidationError] | Unfit]":
        if not is_large(self._contract, value):
            yield from ((Part(path, value), error) for error in self._parts[f"#{pointer}"].iter_errors(value))
            return
        schema = referred(self._document, pointer)
        while isinstance(schema, dict) and "$ref" in schema:
            pointer = pointer_of(schema["$ref"])
            schema = referred(self._document, pointer)
        if not isinstance(schema, dict):
            yield Part(path, value), None
            return
        found = False
        for name in schema.get("required", ()) if isinstance(value, dict) else ():
            if name not in value:
                found = True
                yield Part(path, value), name
        for below, step, each in islice(_below(schema, pointer, value), _MOST_PARTS):
            if next(self._left, None) is None:
                break
            if not self._parts[f"#{below}"].is_valid(each):
                found = True
                yield from self._within(below, each, [*path, step])
        if not found:
            yield Part(path, value), None


def _below(schema: dict[str, Any], pointer: str, value: Any) -> Iterator[tuple[str, str | int, Any]]:
    """The parts of a value that a schema of their own is about: its pointer, the step to the part, the part."""
    if isinstance(value, dict):
        for name in schema.get("properties", ()):
            if name in value:
                yield f"{pointer}/properties/{escaped(name)}", name, value[name]
    elif isinstance(value, list) and isinstance(schema.get("items"), dict) and "prefixItems" not in schema:
        yield from ((f"{pointer}/items", index, each) for index, each in enumerate(value))
