"""One shard: how far it is read, how far that is done, and how far its checkpoint says so. Pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from event_processor.consuming.records import Batch, Page, Position

CHECKPOINT_SECONDS: Final = 1.0  # between two writes of one shard's checkpoint
QUIET_SECONDS: Final = 60.0  # the same while the shard brings nothing: only the time goes on
_NOTHING: Final = Position(None)


@dataclass(slots=True, eq=False)
class _Read:
    """What a read brought, and the position behind it."""

    batch: Batch
    end: Position
    is_done: bool = False


class Progress:
    """Moves one way: read, then done, then kept. `kept` is what the checkpoint says, None if there is none."""

    def __init__(self, kept: Position | None) -> None:
        self.kept = kept
        self.read = self.done = kept or _NOTHING
        self.iterator: str | None = None
        self._out: deque[_Read] = deque()
        self._tried: set[Position | None] = {kept}
        self._tried_at = float("-inf")
        self._shown_until: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Done to the end of the shard, and the checkpoint says so: its children may be read."""
        return self.done.ended and self.kept is not None and self.kept.ended

    @property
    def waiting(self) -> int:
        """How many batches are read and not done."""
        return len(self._out)

    def took(self, shard_id: str, page: Page, asked_at: datetime) -> Batch | None:
        """The batch of a page, if there is one: this was behind the last one, asked for at that time."""
        self.iterator = page.iterator
        last = page.records[-1] if page.records else None
        times = [self.read.until, last and last.arrived]
        if page.behind_milliseconds is not None:
            times.append(asked_at - timedelta(milliseconds=page.behind_milliseconds))
        until = max((time for time in times if time), default=None)
        end = Position(last.sequence if last else self.read.sequence, until, ended=page.iterator is None)
        batch = Batch(shard_id, page.records, page.behind_milliseconds, page.size_bytes) if last else None
        self._move(end, batch)
        return batch

    def lost(self) -> None:
        """End the shard: the stream has nothing more of it."""
        self._move(self.read._replace(ended=True), None)

    def _move(self, end: Position, batch: Batch | None) -> None:
        self.read = end
        if batch is not None:
            self._out.append(_Read(batch, end))
        elif self._out:
            self._out[-1].end = end
        else:
            self.done = end

    def finish(self, batch: Batch) -> Sequence[Batch]:
        """Note that a batch is done. Returns those that no longer hold up the checkpoint; none for an unknown one."""
        for each in self._out:
            if each.batch is batch:
                each.is_done = True
        passed: list[Batch] = []
        while self._out and self._out[0].is_done:
            self.done = self._out[0].end
            passed.append(self._out.popleft().batch)
        return passed

    def gap(self, oldest: datetime) -> datetime | None:
        """Since when something is perhaps missing, if the stream keeps nothing older than that; once for each gap."""
        until = self.read.until
        if until is None or until >= oldest or self._shown_until == until:
            return None
        self._shown_until = until
        return until

    def checkpoint(self, now: float, at_once: bool) -> Position | None:
        """What is to be written now, if anything: the end of a shard when it is reached, all else now and then."""
        kept, done = self.kept or _NOTHING, self.done
        if done == kept or not (at_once or self._is_time(now, kept)) or done.rank <= kept.rank:
            return None
        self._tried.add(done)
        self._tried_at = now
        return done

    def _is_time(self, now: float, kept: Position) -> bool:
        if self.done.ended and self.done not in self._tried:
            return True
        is_quiet = self.done.sequence == kept.sequence and not self.done.ended
        return now - self._tried_at >= (QUIET_SECONDS if is_quiet else CHECKPOINT_SECONDS)

    def wrote(self, position: Position, found: Position | None) -> bool:
        """Note what is written, and what was `found` there before. Returns whether that is somebody else's."""
        is_foreign = found not in self._tried
        self.kept = found if found and found.rank > position.rank else position
        self._tried = {self.kept}
        return is_foreign
