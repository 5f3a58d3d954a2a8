"""What is told: a notice about one fault, and the message that tells of many."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a notice is about."""

    REJECT = "reject"  # a record that is not valid
    FINDING = "finding"  # a number that is not as expected
    TEST = "test"  # nothing: somebody tries the channels


class Severity(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """A number that is greater for what is worse."""
        return list(Severity).index(self)


class Key(NamedTuple):
    """What notices about the same thing have in common; people hear of it once, then how often it came."""

    kind: Kind
    subject: str
    pointer: str
    code: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that people should know. Neither the payload nor anything marked `x-pii` is ever in it.

    `subject` says what it is about (a contract's subject, a stream, a dataset), `pointer` where in it (JSON pointer),
    `code` what is wrong, and `title` all of it in one line. `fields` are further facts by name, such as expected and
    found. `version` is that of the contract, `sender` whoever sent the record, `link` leads to the whole of it.
    `channel` is whom the contract wants told: see `Notifier`.
    """

    kind: Kind
    subject: str
    pointer: str
    code: str
    title: str
    fields: tuple[tuple[str, str], ...] = ()
    version: str = ""
    sender: str = ""
    link: str = ""
    channel: str = ""
    severity: Severity = Severity.WARNING

    @property
    def key(self) -> Key:
        """See Key."""
        return Key(self.kind, self.subject, self.pointer, self.code)


class State(StrEnum):
    """What a message says about a key."""

    NEW = "new"
    GOES_ON = "goes_on"
    QUIET = "quiet"  # not seen for long
    RECOVERED = "recovered"  # whoever told it says that it is over


@dataclass(frozen=True, slots=True)
class Entry:
    """One key in a message: its latest notice, and how many came since the message before; times are UTC."""

    notice: Notice
    state: State
    count: int
    total: int  # since it is NEW
    since: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is told at one time. `more_keys` with `more_notices` are told by their numbers only; `rest` has
    those of them that are known by name. `budget` is that of a day, if it is used up: 0 if not.
    """

    entries: tuple[Entry, ...]
    more_keys: int = 0
    more_notices: int = 0
    rest: tuple[Entry, ...] = ()
    budget: int = 0

    @property
    def notices(self) -> int:
        """How many notices it tells of."""
        return sum(entry.count for entry in self.entries) + self.more_notices

    @property
    def suppressed(self) -> int:
        """How many of them did not get a line of their own."""
        return max(0, self.notices - len(self.entries))

    def listing(self, most: int) -> "Message":
        """This message with at most so many entries."""
        rest = self.entries[most:]
        return Message(
            entries=self.entries[:most],
            more_keys=self.more_keys + len(rest),
            more_notices=self.more_notices + sum(entry.count for entry in rest),
            rest=rest + self.rest,
            budget=self.budget,
        )
