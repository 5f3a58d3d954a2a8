"""What changed between two versions of a contract, and the step of the version (SchemaVer) that each change needs.

    ADDITION  Every record that was accepted still is, and what a reader relies on still holds: an optional field is
              added where unknown ones are forbidden; a description, an owner, a channel changes.
    REVISION  Every field of the old version is accepted as before, but readers may meet values they do not know (a
              limit is loosened, a value joins an enum, a field is no longer required); or a field that the old version
              did not name, but let pass, gets rules: who sent it in another form is rejected.
    MODEL     Records that the old version accepted may be rejected: a field becomes required, a limit tighter, a
              value goes.

A change is MODEL unless it is shown to be less. Changes of `not`, `oneOf` and `if`, and of what bears on
`unevaluatedProperties`, count as breaking, since nothing here can tell that they are not.

Why not jsonsubschema: its 0.0.8 called changes of `prefixItems`, `dependentRequired` and `format` compatible that are
not, could not read a character class with a hyphen, and answers yes or no, never what broke.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

from event_processor.contracts.changes import Change, Effect, Step, json_text
from event_processor.contracts.limits import change, limit_changes
from event_processor.contracts.nodes import ANNOTATION_OF_PLACE, ASSERTIONS, Node, Nodes, Schema, same

_OF_OBJECTS: Final = (
    "properties", "patternProperties", "additionalProperties", "propertyNames", "dependentSchemas", "dependentRequired",
    "required",
)  # fmt: skip
_OF_ARRAYS: Final = ("prefixItems", "items", "contains")
_UNEVALUATED: Final = ("unevaluatedProperties", "unevaluatedItems")
_Added: TypeAlias = Callable[[Node, Node, str], None]


def differences(old: Schema, new: Schema) -> tuple[Change, ...]:
    """Every change from one schema to another, those that ask for the highest step first.

    Both must be documents that can be contracts (see `acceptance`).
    """
    if same(old) == same(new):  # for Python 1 is True
        return ()
    known: dict[Any, int] = {}
    was, now = Nodes(old, known), Nodes(new, known)
    comparison = _Comparison(was, now)
    if was.draft != now.draft:
        comparison.changes.append(change(Effect.UNKNOWN, _raw(old), _raw(new), "$schema"))
    comparison.compare(was.root, now.root, "")
    return tuple(sorted(dict.fromkeys(comparison.changes), key=lambda each: -each.step))


def _raw(schema: Schema) -> Node:
    return Node("", {} if isinstance(schema, bool) else schema, {})


@lru_cache(maxsize=4096)
def _matches(pattern: str, name: str) -> bool:
    from jsonschema_rs import is_valid  # noqa: PLC0415 as the verdicts do it, which have the last word on a pattern

    return is_valid({"pattern": pattern}, name)


class _Comparison:
    """The walk through both documents at once. What is not compared with its counterpart is compared by `_trial`."""

    def __init__(self, was: Nodes, now: Nodes, tried: dict[tuple[int, int], Effect] | None = None) -> None:
        self.was, self.now = was, now
        self.changes: list[Change] = []
        self._seen: set[tuple[int, int]] = set()
        self._tried: dict[tuple[int, int], Effect] = {} if tried is None else tried

    def compare(self, old: Node, new: Node, keyword: str) -> None:
        """Note how what `new` accepts differs from what `old` accepted; `keyword` is the one that both are below."""
        if old.keywords is None or new.keywords is None:
            self._all_or_nothing(old, new, keyword)
            return
        pair = id(old.keywords), id(new.keywords)
        if pair in self._seen or not (old.keywords or new.keywords):
            return
        self._seen.add(pair)
        if not self._equal(old, new) and any(each in new.keywords for each in _UNEVALUATED):
            keyword = next(each for each in _UNEVALUATED if each in new.keywords)
            self.changes.append(change(Effect.UNKNOWN, old, new, keyword, f"something that bears on {keyword} changed"))
            return
        self.changes += limit_changes(old, new)
        self._of_type("object", _OF_OBJECTS, old, new)
        self._of_type("array", _OF_ARRAYS, old, new)
        self._combined(old, new)
        self._annotations(old, new)

    def _of_type(self, name: str, keywords: tuple[str, ...], old: Node, new: Node) -> None:
        if name not in old.types:
            self._note(Effect.NONE, old, new, *(each for each in keywords if self._differ(old, new, each)))
        elif name == "object":
            self._properties(old, new)
        else:
            self._items(old, new)

    def _properties(self, old: Node, new: Node) -> None:
        patterns = _names(new, "patternProperties")
        self._named(old, new, "properties", self._new_name, lambda name: any(_matches(each, name) for each in patterns))
        self._named(old, new, "patternProperties", self._new_pattern, lambda _: False)
        for keyword in ("additionalProperties", "propertyNames"):
            self._same_place(old, new, keyword)
        for name in {**_names(old, "dependentSchemas"), **_names(new, "dependentSchemas")}:
            self._same_place(old, new, "dependentSchemas", name)

    def _named(self, old: Node, new: Node, keyword: str, added: _Added, is_covered: Callable[[str], bool]) -> None:
        """The schemas by name below a keyword. A name that is gone may still be covered by something else."""
        was, now = _names(old, keyword), _names(new, keyword)
        for name in now:
            if name in was:
                self._same_place(old, new, keyword, name)
            else:
                added(old, new, name)
        for name in was:
            if name not in now and not is_covered(name):
                self._gone(old, new, keyword, name)

    def _new_name(self, old: Node, new: Node, name: str) -> None:
        patterns = [each for each in _names(old, "patternProperties") if _matches(each, name)]
        before = [self.was.below(old, "patternProperties", each) for each in patterns]
        after = self.now.below(new, "properties", name)
        effects = [self._of_new(each, after) for each in before or [self.was.below(old, "additionalProperties")]]
        self._add(min(effects, key=lambda each: each.step), after.pointer, "properties", None, after)

    def _new_pattern(self, old: Node, new: Node, pattern: str) -> None:
        after = self.now.below(new, "patternProperties", pattern)
        effects = [self._of_new(self.was.below(old, "additionalProperties"), after)]
        effects += [
            self._trial(self.was.below(old, "properties", name), after)
            for name in _names(old, "properties")
            if _matches(pattern, name)
        ]
        if _names(old, "patternProperties") and not self.now.accepts_all(after):
            effects.append(Effect.UNKNOWN)
        self._add(
            max(effects, key=lambda each: each.step),
            new.at("patternProperties", pattern),
            "patternProperties",
            None,
            after,
        )

    def _gone(self, old: Node, new: Node, keyword: str, name: str) -> None:
        before, after = self.was.below(old, keyword, name), self.now.below(new, "additionalProperties")
        effect = Effect.TIGHTER if self._trial(before, after).step is Step.MODEL else Effect.LOOSER
        self._add(effect, old.at(keyword, name), keyword, before, None)

    def _of_new(self, before: Node, after: Node) -> Effect:
        """What it does to give rules to names that only the rule for all others applied to before."""
        if before.keywords is None or (self.now.accepts_all(after) and self.was.accepts_all(before)):
            return Effect.NEW_FIELD
        if self.was.accepts_all(before):
            return Effect.NAMED
        return self._trial(before, after)

    def _items(self, old: Node, new: Node) -> None:
        places = [len((node.keywords or {}).get("prefixItems", ())) for node in (old, new)]
        for place in range(max(places)):
            before, after = (
                nodes.below(node, "prefixItems", str(place)) if place < count else nodes.below(node, "items")
                for nodes, node, count in ((self.was, old, places[0]), (self.now, new, places[1]))
            )
            self.compare(before, after, "prefixItems")
        self._same_place(old, new, "items")
        if self._differ(old, new, "contains"):
            self._contains(old, new)

    def _contains(self, old: Node, new: Node) -> None:
        if "contains" not in (new.keywords or {}):
            self._note(Effect.LOOSER, old, new, "contains")
        elif "contains" not in (old.keywords or {}):
            self._note(Effect.TIGHTER, old, new, "contains")
        elif "maxContains" in (new.keywords or {}):
            self._note(Effect.UNKNOWN, old, new, "contains")
        else:
            self._same_place(old, new, "contains")

    def _combined(self, old: Node, new: Node) -> None:
        self._all_of(old, new)
        for keyword in ("anyOf", "oneOf"):
            self._alternatives(old, new, keyword)
        self._condition(old, new)
        for keyword in ("not", *_UNEVALUATED):
            if self._differ(old, new, keyword):
                self._note(Effect.UNKNOWN if keyword in (new.keywords or {}) else Effect.LOOSER, old, new, keyword)

    def _all_of(self, old: Node, new: Node) -> None:
        before, after = self._unmatched(old, new, "allOf")
        for was, now in zip(before, after, strict=False):
            self.compare(was, now, "allOf")
        for node in after[len(before) :]:
            self._add(self._trial(old, node), node.pointer, "allOf", None, node)
        for node in before[len(after) :]:
            self._add(Effect.LOOSER, node.pointer, "allOf", node, None)

    def _alternatives(self, old: Node, new: Node, keyword: str) -> None:
        if not self._differ(old, new, keyword):
            return
        if any(keyword not in (node.keywords or {}) for node in (old, new)):
            self._note(Effect.TIGHTER if keyword in (new.keywords or {}) else Effect.LOOSER, old, new, keyword)
        elif keyword == "oneOf" and not (self._apart(self.was, old) and self._apart(self.now, new)):
            self._note(Effect.UNKNOWN, old, new, keyword)
        else:
            before, after = self._unmatched(old, new, keyword)
            for was, now in zip(before, after, strict=False):
                self.compare(was, now, keyword)
            for node in after[len(before) :]:
                self._add(Effect.LOOSER, node.pointer, keyword, None, node)
            for node in before[len(after) :]:
                self._add(Effect.TIGHTER, node.pointer, keyword, node, None)

    def _condition(self, old: Node, new: Node) -> None:
        if self._differ(old, new, "if"):
            self._note(Effect.UNKNOWN if "if" in (new.keywords or {}) else Effect.LOOSER, old, new, "if")
        elif "if" in (new.keywords or {}):
            for keyword in ("then", "else"):
                self._same_place(old, new, keyword)

    def _unmatched(self, old: Node, new: Node, keyword: str) -> tuple[list[Node], list[Node]]:
        before, after = list(_members(self.was, old, keyword)), list(_members(self.now, new, keyword))
        known = [
            {nodes.print_of(each) for each in members} for nodes, members in ((self.was, before), (self.now, after))
        ]
        return (
            [each for each in before if self.was.print_of(each) not in known[1]],
            [each for each in after if self.now.print_of(each) not in known[0]],
        )

    @staticmethod
    def _apart(nodes: Nodes, node: Node) -> bool:
        """Whether no value can be of the types of two alternatives, so that `oneOf` is `anyOf`."""
        kinds = [each.types for each in _members(nodes, node, "oneOf")]
        return sum(map(len, kinds)) == len(frozenset[str]().union(*kinds))

    def _same_place(self, old: Node, new: Node, keyword: str, *where: str) -> None:
        self.compare(self.was.below(old, keyword, *where), self.now.below(new, keyword, *where), keyword)

    def _all_or_nothing(self, old: Node, new: Node, keyword: str) -> None:
        if (old.keywords is None) != (new.keywords is None):
            self._add(Effect.LOOSER if old.keywords is None else Effect.TIGHTER, new.pointer, keyword, old, new)

    def _trial(self, old: Node, new: Node) -> Effect:
        """The effect of the gravest change from one to the other."""
        pair = id(old.keywords), id(new.keywords)
        if pair not in self._tried:  # once: definitions that refer to each other twice would be tried 2^n times
            trial = _Comparison(self.was, self.now, self._tried)
            trial.compare(old, new, "")
            effects = (each.effect for each in trial.changes)
            self._tried[pair] = max(effects, key=lambda each: each.step, default=Effect.NONE)
        return self._tried[pair]

    def _equal(self, old: Node, new: Node) -> bool:
        return self.was.print_of(old) == self.now.print_of(new)

    def _differ(self, old: Node, new: Node, keyword: str) -> bool:
        return bool(self.was.print_of_keyword(old, keyword) != self.now.print_of_keyword(new, keyword))

    def _note(self, effect: Effect, old: Node, new: Node, *keywords: str) -> None:
        self.changes += (change(effect, old, new, each) for each in keywords)

    def _add(self, effect: Effect, pointer: str, keyword: str, old: Node | None, new: Node | None) -> None:
        was, now = (
            None if node is None or node.keywords == {} else json_text(node.keywords or False) for node in (old, new)
        )
        self.changes.append(Change(effect, pointer, keyword, was, now))

    def _annotations(self, old: Node, new: Node) -> None:
        was, now = old.keywords or {}, new.keywords or {}
        for keyword in {**was, **now}:
            if keyword not in ASSERTIONS | ANNOTATION_OF_PLACE and (keyword in was, was.get(keyword)) != (
                keyword in now,
                now.get(keyword),
            ):
                self._note(Effect.MOVED if keyword in {"x-column", "x-time"} else Effect.NONE, old, new, keyword)


def _names(node: Node, keyword: str) -> dict[str, Any]:
    found: dict[str, Any] = (node.keywords or {}).get(keyword, {})
    return found


def _members(nodes: Nodes, node: Node, keyword: str) -> Iterator[Node]:
    for place in range(len((node.keywords or {}).get(keyword, ()))):
        yield nodes.below(node, keyword, str(place))
