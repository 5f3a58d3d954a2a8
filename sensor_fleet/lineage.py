"""Which shard is whose child: only this puts the records of two shards in order."""


class Lineage:
    """The family tree of a stream's shards. A shard has one parent after a split, two after a merge."""

    def __init__(self) -> None:
        self._parents: dict[str, tuple[str, ...]] = {}
        self._ancestors: dict[str, frozenset[str]] = {}

    def add(self, shard_id: str, parents: tuple[str, ...]) -> None:
        """Make a shard known; its parents first, or never when the stream has forgotten them."""
        self._parents[shard_id] = parents

    def is_ancestor(self, older: str, younger: str) -> bool:
        """Whether every record of `older` comes before every record of `younger`."""
        if younger not in self._ancestors:
            self._ancestors[younger] = self._find_ancestors(younger)
        return older in self._ancestors[younger]

    def _find_ancestors(self, shard_id: str) -> frozenset[str]:
        found: set[str] = set()
        unseen = list(self._parents.get(shard_id, ()))
        while unseen:
            parent = unseen.pop()
            if parent not in found:
                found.add(parent)
                unseen.extend(self._parents.get(parent, ()))
        return frozenset(found)
