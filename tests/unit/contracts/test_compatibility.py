"""Each keyword of each draft, added, removed, tightened and loosened: the step that it needs, and that it is named."""

from typing import Any

import pytest

from event_processor.contracts.changes import Step
from event_processor.contracts.compatibility import differences
from event_processor.contracts.contract import Contract
from event_processor.errors import InvalidContract

DRAFT = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2020: "https://json-schema.org/draft/2020-12/schema",
}
A, R, M = Step.ADDITION, Step.REVISION, Step.MODEL
TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}
NULL: dict[str, Any] = {"type": "null"}
FROM_6, FROM_7, FROM_2020 = (6, 7, 2020), (7, 2020), (2020,)
ALL, TO_7 = (4, 6, 7, 2020), (4, 6, 7)

# keyword, the schema without it, with it, with it tighter, drafts.
LIMITS: list[tuple[str, dict[str, Any], Any, Any, tuple[int, ...]]] = [
    ("type", {}, ["string", "null"], "string", ALL),
    ("enum", {}, ["a", "b"], ["a"], ALL),
    ("const", {}, "a", None, FROM_6),
    ("multipleOf", {}, 2, 4, ALL),
    ("maximum", {}, 9, 8, ALL),
    ("minimum", {}, 1, 2, ALL),
    ("exclusiveMaximum", {}, 9, 8.5, FROM_6),
    ("exclusiveMinimum", {}, 1, 1.5, FROM_6),
    ("exclusiveMaximum", {"maximum": 9}, True, None, (4,)),
    ("exclusiveMinimum", {"minimum": 9}, True, None, (4,)),
    ("maxLength", {}, 9, 8, ALL),
    ("minLength", {}, 1, 2, ALL),
    ("pattern", {}, "^a", None, ALL),
    ("format", {}, "ipv4", None, ALL),
    ("contentEncoding", {}, "base64", None, FROM_7),
    ("contentMediaType", {}, "application/json", None, FROM_7),
    ("x-max-bytes", {}, 9, 8, ALL),
    ("maxItems", {}, 9, 8, ALL),
    ("minItems", {}, 1, 2, ALL),
    ("uniqueItems", {}, True, None, ALL),
    ("items", {}, {"type": ["string", "null"]}, TEXT, ALL),
    ("items", {}, [TEXT], [{**TEXT, "maxLength": 1}], TO_7),
    ("additionalItems", {"items": [{}]}, {"type": ["string", "null"]}, TEXT, TO_7),
    ("prefixItems", {}, [{"type": ["string", "null"]}], [TEXT], FROM_2020),
    ("contains", {}, {"type": ["string", "null"]}, TEXT, FROM_6),
    ("maxContains", {"contains": TEXT}, 9, 8, FROM_2020),
    ("minContains", {"contains": TEXT}, 2, 3, FROM_2020),
    ("unevaluatedItems", {"prefixItems": [TEXT]}, TEXT, False, FROM_2020),
    ("unevaluatedItems", {"allOf": [{"prefixItems": [TEXT]}]}, TEXT, False, FROM_2020),
    ("maxProperties", {}, 9, 8, ALL),
    ("minProperties", {}, 1, 2, ALL),
    ("required", {}, ["a"], ["a", "b"], ALL),
    ("additionalProperties", {}, TEXT, False, FROM_6),
    ("additionalProperties", {}, {"type": ["string", "null"]}, TEXT, ALL),
    ("unevaluatedProperties", {}, TEXT, False, FROM_2020),
    ("unevaluatedProperties", {"allOf": [{"properties": {"a": TEXT}}]}, TEXT, False, FROM_2020),
    ("propertyNames", {}, {"maxLength": 9}, {"maxLength": 8}, FROM_6),
    ("dependencies", {}, {"a": ["b"]}, {"a": ["b", "c"]}, ALL),
    ("dependencies", {}, {"a": {"minProperties": 2}}, {"a": {"minProperties": 3}}, ALL),
    ("dependentRequired", {}, {"a": ["b"]}, {"a": ["b", "c"]}, FROM_2020),
    ("dependentSchemas", {}, {"a": {"minProperties": 2}}, {"a": {"minProperties": 3}}, FROM_2020),
    ("allOf", {}, [TEXT], [TEXT, {"maxLength": 1}], ALL),
    ("anyOf", {}, [TEXT, NULL], [TEXT], ALL),
    ("anyOf", {}, [TEXT, NULL], [{**TEXT, "maxLength": 3}, NULL], ALL),
    ("oneOf", {}, [TEXT, NULL], [{**TEXT, "maxLength": 3}, NULL], ALL),
    ("then", {"if": {"required": ["a"]}}, {"minProperties": 2}, {"minProperties": 3}, FROM_7),
    ("else", {"if": {"required": ["a"]}}, {"minProperties": 2}, {"minProperties": 3}, FROM_7),
]
CASES = [
    pytest.param(draft, *rest, id=f"{rest[0]}-{place}-{draft}")
    for place, (*rest, of) in enumerate(LIMITS)
    for draft in of
]


def steps(old: dict[str, Any], new: dict[str, Any]) -> set[tuple[str, Step]]:
    """The keyword and step of each change."""
    return {(each.pointer.split("/")[1], each.step) for each in differences(old, new)}


def required_step(old: dict[str, Any], new: dict[str, Any]) -> Step | None:
    """The least step of the version that announces all that changed."""
    return max((each.step for each in differences(old, new)), default=None)


@pytest.mark.parametrize(("draft", "keyword", "base", "loose", "tight"), CASES)
def test_a_limit_breaks_when_it_is_added_or_tightened_and_never_otherwise(
    draft: int, keyword: str, base: dict[str, Any], loose: Any, tight: Any
) -> None:
    """Whoever tightens a contract is told so by the keyword, and whoever loosens it may."""
    without = {"$schema": DRAFT[draft], **base}
    with_it = {**without, keyword: loose}

    assert {(keyword, M)} <= steps(without, with_it) or draft == 4
    assert required_step(without, with_it) is M
    assert required_step(with_it, without) is R
    assert required_step(with_it, with_it) is None
    if tight is not None:
        tighter = {**without, keyword: tight}
        assert (keyword, M) in steps(with_it, tighter)
        opaque = keyword.startswith("unevaluated") and "allOf" in base
        assert required_step(tighter, with_it) is (M if opaque else R)


@pytest.mark.parametrize(
    ("old", "new", "keyword"),
    [
        ({"pattern": "^a"}, {"pattern": "^a?"}, "pattern"),
        ({"format": "ipv4"}, {"format": "ipv6"}, "format"),
        ({"const": 1}, {"const": 2}, "const"),
        ({"multipleOf": 0.1}, {"multipleOf": 0.01}, "multipleOf"),
        ({"not": TEXT}, {"not": {**TEXT, "maxLength": 3}}, "not"),
        ({"oneOf": [TEXT, {"maxLength": 3}]}, {"oneOf": [TEXT, {"maxLength": 4}]}, "oneOf"),
        ({"oneOf": [TEXT]}, {"oneOf": [TEXT, {"maxLength": 3}]}, "oneOf"),
        ({"if": TEXT, "then": False}, {"if": NULL, "then": False}, "if"),
        (
            {"contains": TEXT, "maxContains": 1},
            {"contains": {"type": ["string", "null"]}, "maxContains": 1},
            "contains",
        ),
        ({"$schema": DRAFT[7]}, {"$schema": DRAFT[2020]}, "$schema"),
        (
            {"allOf": [{"properties": {"a": TEXT}}], "unevaluatedProperties": False},
            {"allOf": [{"properties": {}}], "unevaluatedProperties": False},
            "unevaluatedProperties",
        ),
    ],
)
def test_what_cannot_be_compared_counts_as_breaking(old: dict[str, Any], new: dict[str, Any], keyword: str) -> None:
    """No doubt about a keyword ends in the word compatible."""
    assert (keyword, M) in steps(old, new)


def fields(closed: bool = False, **properties: Any) -> dict[str, Any]:
    """An object with these fields."""
    return {"type": "object", "properties": properties} | ({"additionalProperties": False} if closed else {})


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        (fields(closed=True, a=TEXT), fields(closed=True, a=TEXT, b=NUMBER), A),
        (fields(a=TEXT), fields(a=TEXT, b={}), A),
        (fields(a=TEXT), fields(a=TEXT, b=NUMBER), R),
        (fields(a=TEXT) | {"additionalProperties": TEXT}, fields(a=TEXT, b=NUMBER) | {"additionalProperties": TEXT}, M),
        (fields(a=TEXT) | {"additionalProperties": TEXT}, fields(a=TEXT, b=TEXT) | {"additionalProperties": TEXT}, A),
        (fields(a=TEXT, b=NUMBER), fields(a=TEXT), R),
        (fields(closed=True, a=TEXT, b=NUMBER), fields(closed=True, a=TEXT), M),
        (fields(a=TEXT), fields(a=TEXT) | {"required": ["a"]}, M),
        (fields(a=fields(b=TEXT)), fields(a=fields(b=NUMBER)), M),
        (fields(a=False), fields(a=TEXT), R),
        (fields(a=TEXT), fields(a=False), M),
        (fields(a=TEXT), fields(a=TEXT | {"description": "d", "x-pii": True, "x-owner": "o"}), A),
        (fields(a=TEXT), fields(a=TEXT | {"x-column": "b"}), R),
        (fields(a=TEXT), fields(a=TEXT | {"x-time": True}), R),
        (fields(a=TEXT), fields(a={"type": ["string", "integer"], "minimum": 3}), R),
        (fields(a={"enum": ["x"]}), fields(a=TEXT), R),
        (fields(a={"const": "x"}), fields(a={"enum": ["x"]}), None),
        (fields(a={"enum": [1, "x"]}), fields(a={"enum": ["x", 1.0]}), None),
        ({"patternProperties": {"^x-": TEXT}}, {"patternProperties": {"^x-": NUMBER}}, M),
        ({"patternProperties": {"^x-": TEXT}}, {"patternProperties": {"^x-": TEXT}, "properties": {"x-a": NUMBER}}, M),
        ({"patternProperties": {"^x-": TEXT}}, {"patternProperties": {"^x-": TEXT}, "properties": {"x-a": TEXT}}, A),
        ({"patternProperties": {"^x-": TEXT}}, {}, R),
        ({"patternProperties": {"^x-": TEXT}}, {"patternProperties": {"^x-": TEXT, "1$": NUMBER}}, M),
        ({"contains": TEXT, "unevaluatedItems": False}, {"contains": TEXT, "items": False}, M),
        ({"contains": TEXT}, {"contains": TEXT, "minContains": 1}, A),
        ({"enum": [1, 2]}, {"enum": [1, 2], "type": "integer"}, A),
        ({"patternProperties": {"^x-": TEXT}, "additionalProperties": False}, {"additionalProperties": False}, M),
        (fields(closed=True, a=TEXT), fields(closed=True, a=TEXT) | {"patternProperties": {"^x-": TEXT}}, A),
        (fields(closed=True, a=TEXT), fields(closed=True, a=TEXT) | {"patternProperties": {"^a": NUMBER}}, M),
        ({"minLength": 0, "uniqueItems": False, "required": []}, {}, A),
        ({"allOf": [TEXT, {"maxLength": 3}]}, {"allOf": [{"maxLength": 3}, TEXT]}, None),
        ({"oneOf": [TEXT, NULL]}, {"oneOf": [NULL, TEXT, NUMBER]}, R),
        ({"anyOf": [TEXT]}, {"anyOf": [TEXT, {"maxLength": 3}]}, R),
        (True, {}, None),
        (True, False, M),
        (False, True, R),
    ],
)
def test_fields_that_come_and_go(old: Any, new: Any, step: Step | None) -> None:
    """What a field needs depends on whether others were forbidden, ruled or free before."""
    assert required_step(old, new) is step


def test_a_schema_that_is_moved_behind_a_reference_changed_nothing() -> None:
    """Tidying a contract up needs no step; a change of what a reference leads to is named where it is written."""
    inline = fields(a=fields(b=TEXT), c=fields(b=TEXT))
    referred = fields(a={"$ref": "#/$defs/d"}, c={"$ref": "#/$defs/d"}) | {"$defs": {"d": fields(b=TEXT)}}
    changed = referred | {"$defs": {"d": fields(b=NUMBER)}}

    assert differences(inline, referred) == ()
    assert [(each.pointer, each.step) for each in differences(inline, changed)] == [("/$defs/d/properties/b/type", M)]


def test_beside_a_reference_old_drafts_see_nothing() -> None:
    """Up to draft 7 validators ignore what stands beside `$ref`: it was no limit before."""
    old = {
        "$schema": DRAFT[7],
        "definitions": {"d": TEXT},
        "properties": {"a": {"$ref": "#/definitions/d", "maxLength": 1}},
    }
    new = {"$schema": DRAFT[7], "properties": {"a": {"allOf": [TEXT], "maxLength": 1}}}

    assert required_step(old, new) is M


def test_keywords_of_later_drafts_are_no_limits() -> None:
    """Draft 4 validators ignore `const`, so an `enum` in its place is a new limit."""
    assert required_step({"$schema": DRAFT[4], "const": 5}, {"$schema": DRAFT[4], "enum": [5]}) is M


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://schemas.example.com/a.json"},
        {"$ref": "#/$defs/none"},
        {"properties": {"a": {"$ref": "#"}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"properties": {"a": {"$id": "https://schemas.example.com/b.json"}}},
    ],
)
def test_references_out_of_the_document_to_nothing_or_in_a_circle_are_refused(schema: dict[str, Any]) -> None:
    """Nothing is fetched, nothing loops: the one who writes the contract is told."""
    with pytest.raises(InvalidContract):
        Contract.compile({"x-subject": "a", "x-version": "1-0-0", **schema})


def test_schemas_that_refer_to_themselves_twice_over_and_over_are_compared_in_time() -> None:
    """Thirty definitions of two references each would be a billion schemas if each was written out."""

    def pyramid(last: Any) -> dict[str, Any]:
        levels = {
            f"d{n}": {"items": {"$ref": f"#/$defs/d{n + 1}"}, "not": {"$ref": f"#/$defs/d{n + 1}"}} for n in range(30)
        }
        return {"$ref": "#/$defs/d0", "$defs": levels | {"d30": last}}

    def renamed(name: str) -> dict[str, Any]:
        below = [{"$ref": f"#/$defs/d{n + 1}"} for n in range(12)]
        levels = {f"d{n}": fields(False, **{f"a{name}": each, f"b{name}": each}) for n, each in enumerate(below)}
        rest = {f"d{n}": {"additionalProperties": each} for n, each in enumerate(below)}
        return {"$ref": "#/$defs/d0", "$defs": {key: levels[key] | rest[key] for key in levels} | {"d12": TEXT}}

    assert required_step(pyramid(TEXT), pyramid(NUMBER)) is M
    assert required_step(pyramid(TEXT), pyramid(TEXT | {"title": "t"})) is A
    assert required_step(renamed("x"), renamed("y")) is not None
