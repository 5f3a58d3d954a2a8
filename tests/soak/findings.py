"""What a round went through, for the totals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Findings:
    """What a round that passed went through."""

    submissions: int = 0
    events: int = 0
    repeats: int = 0
    received: int = 0
    refused: int = 0
    retried: int = 0
    max_rss_bytes: int = 0
    deeds: Counter[str] = field(default_factory=Counter)
    calls: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    failed_actions: Sequence[str] = ()
    groups: int = 0
    transports: Sequence[str] = ()
    bent: int = 0
    denied: int = 0
    log: str = "file"
    pipeline: bool = False
    rows: int = 0
    rejects: int = 0

    def outcomes(self) -> Counter[str]:
        """How often calls of any operation ended how."""
        return sum((Counter(outcomes) for outcomes in self.calls.values()), Counter())
