"""All that is wrong with a value by its contract, in words that hold nothing of the payload but short excerpts."""

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from event_processor.contracts.contract import Contract
from event_processor.contracts.large import LargeValue, Part, is_large
from event_processor.contracts.paths import Path, path_of
from event_processor.contracts.schema import Trail
from event_processor.contracts.words import expected_words
from event_processor.json_document import escaped, pointer_to, repeated_paths
from event_processor.text import printable
from event_processor.verdict import Fault, Reason

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

MOST_FAULTS: Final = 100
_EXCERPT_CHARACTERS: Final = 100
_NAMEABLE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # an odd name may be anything, a password too

_LENGTHS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "x-max-bytes")
_RANGES: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_UNPLANNED: Final = (
    "additionalProperties", "unevaluatedProperties", "additionalItems", "unevaluatedItems", "falseSchema",
    "propertyNames",
)  # fmt: skip
_REASONS: Final = {
    "type": Reason.WRONG_TYPE,
    "required": Reason.MISSING_FIELD,
    "enum": Reason.NOT_IN_ENUM,
    "const": Reason.NOT_IN_ENUM,
    "pattern": Reason.PATTERN,
    "format": Reason.FORMAT,
    **dict.fromkeys(_LENGTHS, Reason.LENGTH),
    **dict.fromkeys(_RANGES, Reason.OUT_OF_RANGE),
    **dict.fromkeys(_UNPLANNED, Reason.UNPLANNED_FIELD),
}
_FORMAT_REASONS: Final = {
    "uuid": Reason.NOT_A_UUID,
    "date-time": Reason.NOT_A_TIME,
    "date": Reason.NOT_A_TIME,
    "time": Reason.NOT_A_TIME,
    "ipv4": Reason.NOT_IPV4,
}


def faults_of(contract: Contract, value: Any, at: str = "") -> tuple[Fault, ...]:
    """Every fault of a value, up to a hundred and then their number; empty if it is valid.

    `at` is where the value stands in its record: pointers are those into the record. Of a large value (see
    `is_large`) faults are told part by part, and those of a part that is large itself by its place alone.
    """
    if contract.validator.is_valid(value):
        return ()
    if is_large(contract, value):
        return _of_large(contract, value, at)
    found: list[Fault] = []
    more = 0
    for error in contract.validator.iter_errors(value):
        if len(found) < MOST_FAULTS:
            found.append(_fault(error, Part([], value), contract, at))
        else:
            more += 1
    if more:
        found.append(Fault(Reason.INVALID, at, f"and {more:,} more faults"))
    return tuple(found)


def repeated_key(document: Any, contract: Contract | None, at: str = "") -> Fault | None:
    """The fault of a document by `read_json` in which a key appears twice; names in it are shown as in other faults."""
    path = next(repeated_paths(document), None)
    if path is None:
        return None
    depth = at.count("/")
    if contract is not None and pointer_to(path[:depth]) == at:
        pointer = at + _pointer([*path[depth:]], contract)
    else:
        pointer = _pointer([*path], None)
    return Fault(Reason.REPEATED_KEY, pointer, "a key stands twice in this object")


def _of_large(contract: Contract, value: Any, at: str) -> tuple[Fault, ...]:
    found: list[Fault] = []
    for part, error in islice(LargeValue(contract).errors(value), MOST_FAULTS + 1):
        if error is None or isinstance(error, str):
            found.append(_unfit(part.path, error, contract, at))
        else:
            found.append(_fault(error, part, contract, at))
    if len(found) > MOST_FAULTS:
        found[-1] = Fault(Reason.INVALID, at, "and more faults")
    return tuple(found)


def _unfit(path: Path, missing: str | None, contract: Contract, at: str) -> Fault:
    pointer = at + _pointer(path, contract)
    if missing is None:
        return Fault(Reason.INVALID, pointer, "does not fit the contract, and is too large to say why")
    expected = f"the field {json.dumps(missing, ensure_ascii=False)}"
    return Fault(Reason.MISSING_FIELD, pointer, f"{expected} is missing", expected)


def _fault(error: "ValidationError", part: Part, contract: Contract, at: str) -> Fault:
    def is_personal(about: "ValidationError") -> bool:
        """Whether a fault, perhaps one within `anyOf`, is about personal data."""
        steps = path_of(about, part.value)
        return steps is None or contract.places.along(part.path + steps).is_pii

    pointer = at + _pointer(part.path + (path_of(error, part.value) or []), contract)
    keyword = error.kind.name
    reason = _REASONS.get(keyword, Reason.INVALID)
    if keyword == "format":
        reason = _FORMAT_REASONS.get(error.kind.value, reason)
    expected = expected_words(error, is_personal)
    if reason is Reason.MISSING_FIELD:
        return Fault(reason, pointer, f"{expected} is missing", expected)
    return Fault(reason, pointer, f"expected {expected}", expected, None if is_personal(error) else _found(error))


def _pointer(path: Path, contract: Contract | None) -> str:
    """Below `x-pii` the names of properties may be personal, too: only those that the contract has are shown."""
    trail = contract.places.along([]) if contract else Trail((), is_pii=False)
    steps: list[str] = []
    for step in path:
        is_known = isinstance(step, int) or trail.knows(step)
        trail = trail.step(step)
        is_safe = is_known or (_NAMEABLE.fullmatch(str(step)) and not trail.is_pii)
        steps.append(escaped(step) if is_safe else "?")
    return "".join(f"/{step}" for step in steps)


def _found(error: "ValidationError") -> str | None:
    if error.kind.name == "falseSchema":  # its instance may be another than its path says
        return None
    unexpected = getattr(error.kind, "unexpected", None)
    if unexpected is not None:
        names = [name if isinstance(name, int) or _NAMEABLE.fullmatch(name) else "?" for name in unexpected[:20]]
        return _excerpt(", ".join(map(str, names)))
    value = error.instance
    if isinstance(value, dict):
        return f"an object of {len(value):,} properties"
    if isinstance(value, list):
        return f"a list of {len(value):,} items"
    return _excerpt(json.dumps(value, ensure_ascii=False))


def _excerpt(text: str) -> str:
    text = printable(text[: _EXCERPT_CHARACTERS + 1])
    return text if len(text) <= _EXCERPT_CHARACTERS else f"{text[: _EXCERPT_CHARACTERS - 3]}..."
