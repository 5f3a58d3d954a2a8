"""Who may send what, and how much: keys, known by the hashes of their secrets, and a bucket for each. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from math import inf
from typing import Final

_ONE: Final = 1 - 1e-6  # record, but for what rounding may have taken


@dataclass(frozen=True, slots=True)
class Key:
    """A client's. `rate` is in records a second; `segment` is the stream that Segment's clients send to with it."""

    name: str
    sha256: bytes
    streams: frozenset[str]
    rate: float = inf
    segment: str | None = None


class Keys:
    """All that count at the moment."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._keys)

    def find(self, secret: str) -> Key | None:
        """The one of this secret. Takes as long whether there is one or not, and whichever it is."""
        digest = hash_of(secret)
        found = None
        for key in self._keys:
            if compare_digest(key.sha256, digest):
                found = key
        return found


class Bucket:
    """Holds a second's worth of records at most, and fills by the rate.

    While there is one in it, a request passes, of however many records: what is missing is owed, and nothing passes
    until it is paid. So no batch is too large for a rate, and no rate is exceeded for long.
    """

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._at = rate, now
        self._left = max(1.0, rate)

    def wait_seconds(self, now: float) -> float:
        """Until a request may pass; 0 if it may now."""
        self._fill(now)
        return 0.0 if self._left >= _ONE else (1 - self._left) / self._rate

    def take(self, records: int, now: float) -> float:
        """These, if a request may pass now, which is 0; else see `wait_seconds`."""
        seconds = self.wait_seconds(now)
        if not seconds:
            self._left -= records
        return seconds

    def set_rate(self, rate: float, now: float) -> None:
        """Another from now on; what is owed stays owed."""
        self._fill(now)
        self._rate = rate

    def _fill(self, now: float) -> None:
        self._left = min(max(1.0, self._rate), self._left + (now - self._at) * self._rate)
        self._at = now


def hash_of(secret: str) -> bytes:
    """What of a secret is kept. Secrets are random and long, so that a plain hash keeps them."""
    return sha256(secret.encode(errors="surrogatepass")).digest()
