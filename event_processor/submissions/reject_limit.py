"""The reject limit: if nearly all is rejected it is us, not the sensors; stops before a whole queue is rejected."""

from collections import deque
from typing import Final

WINDOW: Final = 1000  # submissions


class RejectLimit:
    """Counts submissions with and without rejects. Once reached it stays so: a restart, with the cause fixed, ends it.

    `share` is of the last `window` submissions, judged as soon as there are so many; `run` is of consecutive ones. 0
    turns either off.
    """

    def __init__(self, share: float, run: int, window: int = WINDOW) -> None:
        self._share, self._most_in_a_row, self._window = share, run, window
        self._latest: deque[bool] = deque()
        self._rejected = self._in_a_row = 0
        self.reached = ""
        """Why no more is taken in; empty while all is well."""

    def count(self, has_rejects: bool) -> bool:
        """One more submission; True if the limit is reached by it."""
        self._in_a_row = self._in_a_row + 1 if has_rejects else 0
        self._latest.append(has_rejects)
        self._rejected += has_rejects
        if len(self._latest) > self._window:
            self._rejected -= self._latest.popleft()
        if self.reached:
            return False
        self.reached = self._judge()
        return bool(self.reached)

    def _judge(self) -> str:
        if self._most_in_a_row and self._in_a_row >= self._most_in_a_row:
            return f"{self._in_a_row} submissions in a row had rejects (REJECT_LIMIT_CONSECUTIVE)"
        if self._share and len(self._latest) == self._window and self._rejected >= self._share * self._window:
            return f"{self._rejected} of the last {self._window} submissions had rejects (REJECT_LIMIT_SHARE)"
        return ""
