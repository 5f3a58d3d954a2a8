"""Lost, repeated, out of order: the stream compared with what was deleted from the queue."""

import struct
from dataclasses import dataclass

from benchmarks.backend.values import Load, Verdict

_STORED = struct.Struct("=III")  # submission, sequence, shard


@dataclass(slots=True)
class _Seen:
    """The events of one submission that were seen, a bit each, and where the latest of them was."""

    events: int = 0
    highest: int = -1
    shard: int = -1


def judge(load: Load, deleted: bytes, stored: bytes) -> Verdict:
    """The verdict in events. `deleted` has a byte for each submission, `stored` a triple for each record, as they came.

    An event is out of order if its first occurrence comes after that of a later one, or is on another shard than that
    of the event seen before it: between shards there is no order. Raises ValueError for a record of no event of `load`.
    """
    seen: list[_Seen | None] = [None] * load.submissions
    repeated = out_of_order = 0
    for submission, sequence, shard in _STORED.iter_unpack(stored):
        if submission >= load.submissions or sequence >= load.events:
            raise ValueError(f"a record of no event that was sent: submission {submission}, sequence {sequence}")
        one = seen[submission] = seen[submission] or _Seen()
        if one.events >> sequence & 1:
            repeated += 1
            continue
        out_of_order += sequence < one.highest or one.shard not in {-1, shard}
        one.events |= 1 << sequence
        one.highest, one.shard = max(one.highest, sequence), shard
    found = (one.events.bit_count() if one else 0 for one, gone in zip(seen, deleted, strict=True) if gone)
    return Verdict(sum(load.events - count for count in found), repeated, out_of_order)
