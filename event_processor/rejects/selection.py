"""Selects rejects, and groups them: by cause, which is contract, reason and place of the first fault, or by sender."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Self, TypeVar

from event_processor.rejects.reject import KeptReject

OTHER_RELEASES: Final = "others"
_MOST_RELEASES: Final = 100  # of a group: senders may write what they like
K = TypeVar("K", bound=tuple[str | None, ...])


@dataclass(frozen=True, slots=True)
class Selection:
    """What an operator asked for; what is empty does not narrow it.

    `pointers` are as `list` shows them, with stars, or exact. `since` counts from `received_at`.
    """

    reasons: frozenset[str] = frozenset()
    pointers: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    since: datetime | None = None
    subjects: frozenset[str] = frozenset()

    def takes(self, kept: KeptReject) -> bool:
        """Whether a reject is selected."""
        return (
            (not self.reasons or kept.reason in self.reasons)
            and (not self.subjects or kept.subject in self.subjects)
            and (not self.pointers or not self.pointers.isdisjoint((kept.pattern, kept.pointer)))
            and (not self.ids or kept.reject_id in self.ids)
            and (self.since is None or kept.received_at >= self.since)
        )


@dataclass(slots=True)
class Release:
    """Rejects of one version of the sender; `version` is that of the app, or of the library if that alone is known."""

    version: str
    rejects: int
    first_seen: datetime
    last_seen: datetime


@dataclass(slots=True)
class Group:
    """Rejects with something in common. `example` is a reject id.

    `first_seen` and `last_seen` are when they were sent, or received if that is not known; `releases` are in the order
    in which they were first seen.
    """

    rejects: int
    replayed: int
    first_seen: datetime
    last_seen: datetime
    example: str
    releases: dict[str, Release] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: KeptReject) -> Self:
        """An empty group for this reject, which is still to be added."""
        return cls(0, 0, kept.seen_at, kept.seen_at, kept.reject_id)

    def add(self, kept: KeptReject, replayed: bool) -> None:
        """One more. The example is one that is still to be replayed, if there is one."""
        if self.replayed == self.rejects and not replayed:
            self.example = kept.reject_id
        self.rejects += 1
        self.replayed += replayed
        self.first_seen = min(self.first_seen, kept.seen_at)
        self.last_seen = max(self.last_seen, kept.seen_at)
        if version := kept.app_version or kept.library:
            self._add_release(version, kept.seen_at)

    def _add_release(self, version: str, at: datetime) -> None:
        if version not in self.releases and len(self.releases) >= _MOST_RELEASES:
            version = OTHER_RELEASES
        release = self.releases.setdefault(version, Release(version, 0, at, at))
        release.rejects += 1
        release.first_seen, release.last_seen = min(release.first_seen, at), max(release.last_seen, at)


class Cause(NamedTuple):
    """Why something was rejected. `subject` is that of a contract, None for a submission."""

    subject: str | None
    reason: str
    pointer: str

    @classmethod
    def of(cls, kept: KeptReject) -> Self:
        """The cause of a reject by its first fault, with a star for each place in a list."""
        return cls(kept.subject, kept.reason, kept.pattern)


def device_of(kept: KeptReject) -> tuple[str | None]:
    """The key of rejects by who sent them; None if nobody knows."""
    return (kept.device_id,)


def grouped(
    rejects: Iterable[KeptReject], is_replayed: Callable[[str], bool], key: Callable[[KeptReject], K]
) -> list[tuple[K, Group]]:
    """The groups of those with the same key, the largest first."""
    groups: dict[K, Group] = {}
    for kept in rejects:
        groups.setdefault(key(kept), Group.of(kept)).add(kept, is_replayed(kept.reject_id))
    return sorted(groups.items(), key=lambda item: (-item[1].rejects, [part or "" for part in item[0]]))
