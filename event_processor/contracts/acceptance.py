"""What is refused as a contract, whoever wrote it: nothing in one may be fetched, go round in circles or run away."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from event_processor.contracts.compiling import DRAFTS, compile_problem, is_known_format, pattern_bytes
from event_processor.contracts.nodes import ANNOTATION_OF_PLACE, ASSERTIONS
from event_processor.contracts.schema import children, pointer_of, referred
from event_processor.contracts.streams import SUBJECT_WORDS, is_subject
from event_processor.contracts.version import Version
from event_processor.json_document import escaped, repeated_keys

_MOST_PARTS: Final = 10_000
_DEEPEST: Final = 100
_PATTERNS_BYTES: Final = 64 * 1024 * 1024
_OTHER_REFERENCES: Final = ("$dynamicRef", "$recursiveRef")
_EFFECTIVE: Final = ASSERTIONS | {
    "$ref", "additionalItems", "dependencies", "x-channel", "x-column", "x-owner", "x-pii", "x-subject", "x-time",
    "x-version",
}  # fmt: skip
_KEYWORDS: Final = _EFFECTIVE | ANNOTATION_OF_PLACE | {
    "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "contentSchema", "default", "deprecated",
    "description", "examples", "readOnly", "title", "writeOnly",
}  # fmt: skip
_ALIKE: Final = 0.8  # `typ` and `type` are, `name` and `enum` are not


class Problem(NamedTuple):
    """One thing that is wrong with a contract: where (JSON pointer) and what, as a sentence without a full stop."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"{self.pointer or 'the document'}: {self.reason}"


def problems(document: Any) -> tuple[Problem, ...]:
    """All that is wrong with a contract, in the order of its text; empty if it can be judged by."""
    if not isinstance(document, dict):
        return (Problem("", "a contract is a JSON object"),)
    twice = (Problem(pointer, "a key stands twice in this object") for pointer in repeated_keys(document))
    found = [
        *twice,
        *_names(document),
        *(problem for part in _parts(document) for problem in _of_part(*part, document)),
    ]
    found = found or [*_expansion(document)]
    found = found or [*_patterns(document)]
    if not found and (problem := compile_problem(document)):
        found = [Problem(*problem)]
    return tuple(found)


def unchecked(document: dict[str, Any]) -> Iterator[Problem]:
    """What judges nothing in a document that is a contract: formats its draft does not have, misspelt keywords.

    Other keywords are let pass, as JSON Schema does: teams have annotations of their own.
    """
    draft = document.get("$schema", DRAFTS[-1])
    for pointer, schema in _parts(document):
        name = schema.get("format")
        if name is not None and not is_known_format(name, draft):
            yield Problem(f"{pointer}/format", f"is not checked, since {draft} has no format {json.dumps(name)}")
        for keyword in schema:
            if keyword not in _KEYWORDS and (meant := _meant(keyword)):
                yield Problem(
                    f"{pointer}/{escaped(keyword)}", f"does nothing, since it is not a keyword; did you mean {meant}?"
                )


def _meant(keyword: str) -> str | None:
    written = keyword.lower().replace("_", "-")
    ours = written.startswith("x-")
    possible = {each.lower(): each for each in _EFFECTIVE if each.startswith("x-") == ours}
    return next((possible[each] for each in get_close_matches(written, possible, 1, _ALIKE)), None)


def _names(document: dict[str, Any]) -> Iterator[Problem]:
    subject, version = document.get("x-subject"), document.get("x-version")
    if not isinstance(subject, str) or not is_subject(subject):
        yield Problem("/x-subject", f"must be {SUBJECT_WORDS}")
    try:
        Version.parse(version if isinstance(version, str) else "")
    except ValueError as error:
        yield Problem("/x-version", str(error))
    yield from (
        Problem(f"/{name}", "must be a text")
        for name in ("x-owner", "x-channel")
        if not isinstance(document.get(name, ""), str)
    )
    if (draft := document.get("$schema", DRAFTS[-1])) not in DRAFTS:
        yield Problem("/$schema", f"must be one of {', '.join(DRAFTS)}" if draft else "must not be empty")


def _parts(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a document with its pointer, whether or not anything refers to it."""
    waiting: list[tuple[str, Any]] = [("", document)]
    seen: set[int] = set()
    while waiting:
        pointer, schema = waiting.pop()
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield pointer, schema
        waiting += reversed([(child.pointer, child.schema) for child in children(schema, pointer)])
        for keyword in ("$defs", "definitions"):
            if isinstance(named := schema.get(keyword), dict):
                waiting += [(f"{pointer}/{keyword}/{escaped(name)}", each) for name, each in named.items()]
        if "$ref" in schema and not _bad_reference(schema["$ref"], document):
            target = pointer_of(schema["$ref"])
            waiting.insert(0, (target, referred(document, target)))


def _of_part(pointer: str, schema: dict[str, Any], document: Any) -> Iterator[Problem]:
    yield from _annotations(pointer, schema)
    if pointer and ("$id" in schema or isinstance(schema.get("id"), str)):
        yield Problem(f"{pointer}/{'$id' if '$id' in schema else 'id'}", "only the whole document may have an id")
    for keyword in _OTHER_REFERENCES:
        if keyword in schema:
            yield Problem(f"{pointer}/{keyword}", "only $ref can be followed")
    if "$ref" in schema and (reason := _bad_reference(schema["$ref"], document)):
        yield Problem(f"{pointer}/$ref", reason)


def _annotations(pointer: str, schema: dict[str, Any]) -> Iterator[Problem]:
    most = schema.get("x-max-bytes", 1)
    if type(most) is not int or most < 1:
        yield Problem(f"{pointer}/x-max-bytes", "must be an integer, at least 1")
    for name in ("x-pii", "x-time"):
        if not isinstance(schema.get(name, False), bool):
            yield Problem(f"{pointer}/{name}", "must be true or false")
    column = schema.get("x-column", "a")
    if not isinstance(column, str | bool) or column == "":
        yield Problem(f"{pointer}/x-column", "must be the name of a column, true or false")


def _bad_reference(reference: Any, document: Any) -> str | None:
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return "must be a JSON pointer into this document, such as #/$defs/NAME; nothing is fetched"
    try:
        target = referred(document, pointer_of(reference))
    except (LookupError, TypeError, ValueError):
        return "refers to nothing in this document"
    return None if isinstance(target, dict | bool) else "refers to what is not a schema"


def _patterns(document: Any) -> Iterator[Problem]:
    """Each is bounded when it is compiled; here all together are, as often as they stand within one another."""
    total = 0
    for pointer, schema in _parts(document):
        named = schema.get("patternProperties")
        found = {"/pattern": schema.get("pattern")} | {
            f"/patternProperties/{escaped(text)}": text for text in (named if isinstance(named, dict) else ())
        }
        for at, text in found.items():
            size = pattern_bytes(text) if isinstance(text, str) else 0
            if size is None:
                yield Problem(pointer + at, "is not a regex that takes linear time and little memory")
                return
            total += size * (1 + pointer.count("/") // 2)
            if total > _PATTERNS_BYTES:
                yield Problem(pointer, "its patterns, compiled, take too much memory: fewer, or simpler ones")
                return


class _Extent(NamedTuple):
    """How many schemas one is with all references followed, and how many levels deep."""

    size: int
    levels: int


class _EndlessError(Exception):
    """References that lead back to where they stand, or too deep: pointer and reason."""


def _expansion(document: Any) -> Iterator[Problem]:
    known: dict[int, _Extent] = {}
    try:
        size = max(_extent(schema, document, pointer, known, ()).size for pointer, schema in _parts(document))
    except _EndlessError as error:
        yield Problem(*error.args)
        return
    if size > _MOST_PARTS:
        yield Problem("", f"its references followed, it has more than {_MOST_PARTS:,} parts")


def _extent(schema: Any, document: Any, pointer: str, known: dict[int, _Extent], above: tuple[int, ...]) -> _Extent:
    if not isinstance(schema, dict):
        return _Extent(1, 1)
    if id(schema) in above:
        raise _EndlessError(pointer, "refers to a part that it is within itself, directly or by others")
    found = known.get(id(schema), _Extent(1, 1))
    if len(above) + found.levels > _DEEPEST:
        raise _EndlessError(pointer, f"more than {_DEEPEST} levels deep, its references followed")
    if id(schema) not in known:
        below = [(child.schema, child.pointer) for child in children(schema, pointer)]
        if "$ref" in schema:
            below.append((referred(document, pointer_of(schema["$ref"])), f"{pointer}/$ref"))
        extents = [_extent(each, document, at, known, (*above, id(schema))) for each, at in below]
        size = min(1 + sum(extent.size for extent in extents), _MOST_PARTS + 1)
        known[id(schema)] = _Extent(size, 1 + max((extent.levels for extent in extents), default=0))
    return known[id(schema)]
