"""Selects rejects, and groups them by the reason and the place of their first fault."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from event_processor.rejects.reject import KeptReject


@dataclass(frozen=True, slots=True)
class Selection:
    """What an operator asked for; what is empty does not narrow it.

    `pointers` are as `list` shows them, with stars, or exact. `since` counts from `received_at`.
    """

    reasons: frozenset[str] = frozenset()
    pointers: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    since: datetime | None = None

    def takes(self, kept: KeptReject) -> bool:
        """Whether this one is meant."""
        return (
            (not self.reasons or kept.reason in self.reasons)
            and (not self.pointers or not self.pointers.isdisjoint((kept.pattern, kept.pointer)))
            and (not self.ids or kept.reject_id in self.ids)
            and (self.since is None or kept.received_at >= self.since)
        )


@dataclass(slots=True)
class Group:
    """Rejects of one cause. `first_seen` and `last_seen` are when they were received; `example` is a reject id."""

    reason: str
    pointer: str
    rejects: int
    replayed: int
    first_seen: datetime
    last_seen: datetime
    example: str

    def add(self, kept: KeptReject, replayed: bool) -> None:
        """One more."""
        self.rejects += 1
        self.replayed += replayed
        self.first_seen = min(self.first_seen, kept.received_at)
        self.last_seen = max(self.last_seen, kept.received_at)


def grouped(rejects: Iterable[KeptReject], is_replayed: Callable[[str], bool]) -> list[Group]:
    """The groups, the largest first. The example is one that is still to be replayed, if there is one."""
    groups: dict[tuple[str, str], Group] = {}
    for kept in rejects:
        key = kept.reason, kept.pattern
        if key not in groups:
            groups[key] = Group(*key, 0, 0, kept.received_at, kept.received_at, kept.reject_id)
        group, replayed = groups[key], is_replayed(kept.reject_id)
        if group.replayed == group.rejects and not replayed:
            group.example = kept.reject_id
        group.add(kept, replayed)
    return sorted(groups.values(), key=lambda group: (-group.rejects, group.reason, group.pointer))
