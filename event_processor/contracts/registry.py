"""What a registry of contracts can do. `stores` has two: a directory, and a DynamoDB table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from event_processor.contracts.version import Version


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a contract as it is kept: the text of a JSON Schema. Once published it never changes."""

    subject: str
    version: Version
    text: str


@dataclass(frozen=True, slots=True)
class LiveDocuments:
    """The version of each subject that counts, all as of one epoch."""

    epoch: int
    documents: Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Move:
    """One change of what counts for a subject. A registry that is kept in git may know neither when nor who."""

    version: Version
    at: datetime | None
    by: str | None
    epoch: int | None


class Registry(Protocol):
    """Keeps immutable versions of contracts, and for each subject a pointer to the one that counts, the live one.

    Every method raises CallFailed if the registry cannot be read or written, or holds what makes no sense.
    """

    @property
    def unseen_seconds(self) -> float:
        """What was changed within so many seconds before the latest answer may not be in it."""
        ...

    def epoch(self) -> int:
        """A number that changes whenever another set counts. Cheap: asked every few seconds by every process."""
        ...

    def read(self) -> LiveDocuments:
        """The whole set that counts, never half of one change and half of the next."""
        ...

    def document(self, subject: str, version: Version) -> Document | None:
        """The document of this version, live or not; None if there is none."""
        ...

    def history(self, subject: str) -> Sequence[Move]:
        """The moves of the live pointer, the latest last."""
        ...

    def publish(self, document: Document, live_before: Version | None, by: str) -> None:
        """Keep the version and make it live, both or neither.

        Raises Conflict if that version already exists, or if `live_before` is no longer what counts.
        """
        ...

    def move(self, subject: str, to: Version, live_before: Version | None, by: str) -> None:
        """Make a version live that is there. Raises Conflict if it is not, or as `publish` does."""
        ...
