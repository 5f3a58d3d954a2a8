"""Changes of keywords that hold no schemas: types, values, limits, names."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from event_processor.contracts.changes import Change, Effect, json_text
from event_processor.contracts.nodes import TYPES, Node, allowed_values, declared_types, same

_NUMBERS: Final = frozenset({"integer", "number"})
_UPPER: Final[Mapping[str, AbstractSet[str]]] = {
    "maxLength": {"string"}, "maxItems": {"array"}, "maxContains": {"array"}, "maxProperties": {"object"},
    "x-max-bytes": TYPES,
}  # fmt: skip
_LOWER: Final[Mapping[str, AbstractSet[str]]] = {
    "minLength": {"string"},
    "minItems": {"array"},
    "minContains": {"array"},
    "minProperties": {"object"},
}
_EXACT: Final[Mapping[str, AbstractSet[str]]] = {
    "contentEncoding": {"string"}, "contentMediaType": {"string"}, "format": {"string"}, "pattern": {"string"},
}  # fmt: skip


def limit_changes(old: Node, new: Node) -> Iterator[Change]:
    """All of them. A rule for values of a type that the old version did not accept rejects nothing it accepted."""
    types = old.types
    yield from _type(old, new)
    yield from _values(old, new)
    for keyword, effect in _found(old, new):
        concerns = _concerns(keyword) & types
        yield change(effect if concerns else Effect.NONE, old, new, keyword)
    if "object" in types:
        yield from _names(old, new)
        yield from _dependent_names(old, new)


def change(effect: Effect, old: Node, new: Node, keyword: str, detail: str = "") -> Change:
    """The change of a keyword that either node has."""
    was, now = old.keywords or {}, new.keywords or {}
    pointer = new.at(keyword) if keyword in now else old.at(keyword)
    texts = [json_text(each[keyword]) if keyword in each else None for each in (was, now)]
    return Change(effect, pointer, pointer.rpartition("/")[2], texts[0], texts[1], detail)


def _concerns(keyword: str) -> AbstractSet[str]:
    if keyword == "uniqueItems":
        return {"array"}
    return next((table[keyword] for table in (_UPPER, _LOWER, _EXACT) if keyword in table), _NUMBERS)


def _found(old: Node, new: Node) -> Iterator[tuple[str, Effect]]:
    was, now = old.keywords or {}, new.keywords or {}
    for keyword in _UPPER:
        if was.get(keyword) != now.get(keyword):
            yield keyword, _order(now.get(keyword, float("inf")), was.get(keyword, float("inf")))
    for keyword in _LOWER:
        if was.get(keyword) != now.get(keyword):
            least = 1 if keyword == "minContains" else 0
            yield keyword, _order(was.get(keyword, least), now.get(keyword, least))
    for keyword in _EXACT:
        if was.get(keyword) != now.get(keyword):
            yield keyword, Effect.TIGHTER if keyword in now else Effect.LOOSER
    if was.get("uniqueItems", False) != now.get("uniqueItems", False):
        yield "uniqueItems", Effect.TIGHTER if now.get("uniqueItems") else Effect.LOOSER
    yield from _bounds(was, now)
    if was.get("multipleOf") != now.get("multipleOf"):
        yield "multipleOf", _multiple(was.get("multipleOf"), now.get("multipleOf"))


def _order(lower: Any, upper: Any) -> Effect:
    return Effect.TIGHTER if lower < upper else Effect.LOOSER if lower > upper else Effect.NONE


def _bounds(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Effect]]:
    for sign, pair in ((1, ("minimum", "exclusiveMinimum")), (-1, ("maximum", "exclusiveMaximum"))):
        effect = _order(_bound(was, pair, sign), _bound(now, pair, sign))
        yield from ((keyword, effect) for keyword in pair if was.get(keyword) != now.get(keyword))


def _bound(keywords: Mapping[str, Any], pair: tuple[str, str], sign: int) -> tuple[Any, bool]:
    return max(
        (sign * keywords[each], each == pair[1]) if each in keywords else (float("-inf"), False) for each in pair
    )


def _multiple(was: Any, now: Any) -> Effect:
    if now is None:
        return Effect.LOOSER
    if isinstance(was, int) and isinstance(now, int) and was % now == 0:
        return Effect.LOOSER
    return Effect.TIGHTER


def _type(old: Node, new: Node) -> Iterator[Change]:
    was, now = declared_types(old), declared_types(new)
    if was == now:
        return
    if lost := old.types - now:
        yield change(
            Effect.TIGHTER, old, new, "type", _lost("type", sorted(lost)) if "type" in (old.keywords or {}) else ""
        )
    else:
        yield change(Effect.LOOSER if now - was else Effect.NONE, old, new, "type")


def _values(old: Node, new: Node) -> Iterator[Change]:
    was, now = _allowed(old), _allowed(new)
    keyword = next((each for node in (new, old) for each in ("enum", "const") if each in (node.keywords or {})), "enum")
    if now is None or was is None:
        if was is not now:
            yield change(Effect.LOOSER if now is None else Effect.TIGHTER, old, new, keyword)
        return
    if lost := was.keys() - now.keys():
        yield change(Effect.TIGHTER, old, new, keyword, _lost("value", [was[each] for each in was if each in lost]))
    if gained := now.keys() - was.keys():
        yield change(Effect.LOOSER, old, new, keyword, _gained("value", [now[each] for each in now if each in gained]))


def _allowed(node: Node) -> dict[str, Any] | None:
    found = [{same(value): value for value in values} for values in allowed_values(node)]
    if not found:
        return None
    return {key: value for key, value in found[0].items() if all(key in each for each in found)}


def _names(old: Node, new: Node) -> Iterator[Change]:
    was, now = ((node.keywords or {}).get("required", []) for node in (old, new))
    if gained := [name for name in now if name not in was]:
        yield change(Effect.TIGHTER, old, new, "required", _gained("required", gained))
    if lost := [name for name in was if name not in now]:
        yield change(Effect.LOOSER, old, new, "required", _lost("required", lost))


def _dependent_names(old: Node, new: Node) -> Iterator[Change]:
    was, now = (
        {(name, each) for name, names in (node.keywords or {}).get("dependentRequired", {}).items() for each in names}
        for node in (old, new)
    )
    if now - was:
        yield change(Effect.TIGHTER, old, new, "dependentRequired")
    if was - now:
        yield change(Effect.LOOSER, old, new, "dependentRequired")


def _lost(what: str, values: list[Any]) -> str:
    return f"no longer {'required' if what == 'required' else 'a ' + what}: {json_text(values)[1:-1]}"


def _gained(what: str, values: list[Any]) -> str:
    return f"now {'required' if what == 'required' else 'a ' + what}: {json_text(values)[1:-1]}"
