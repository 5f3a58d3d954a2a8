"""What must be in order on the stream: a submission, or on a FIFO queue all submissions of a message group."""

from typing import NamedTuple

from sensor_fleet.lineage import Lineage


class Place(NamedTuple):
    """Where an event belongs in its lane: `rank` is its submission's, in the order in which they were planned."""

    rank: int
    sequence: int
    submission_id: str


class Lane:
    """How far the first occurrences of one lane have come: the shard of the latest, and the highest place so far."""

    __slots__ = ("highest", "shard_id")

    def __init__(self) -> None:
        self.shard_id = ""
        self.highest = Place(-1, -1, "")

    def take(self, place: Place, shard_id: str, lineage: Lineage) -> str:
        """What is wrong with this place being first seen now, on this shard; empty when it is in order."""
        before, ahead = self.shard_id or shard_id, _name(self.highest, place)
        self.shard_id = shard_id
        is_late = place < self.highest
        self.highest = max(self.highest, place)
        if before != shard_id and not lineage.is_ancestor(before, shard_id):
            return f"on {shard_id}, while {ahead} is on {before}: unrelated, so no order to speak of"
        return f"first seen after {ahead}" if is_late else ""


def _name(ahead: Place, place: Place) -> str:
    name = f"event {ahead.sequence}"
    if ahead.rank == place.rank:
        return name
    return f"{name} of submission {ahead.submission_id} ({'before' if ahead < place else 'behind'} it in its group)"
