"""What delivery needs from the world. Adapters are in `stores`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.judge import Accepted, Refused
from event_processor.lake.ddl import Change
from event_processor.lake.ranges import LogEntry
from event_processor.rejects.ports import RejectObserver
from event_processor.telling import StepObserver


class Files(Protocol):
    """The objects of the lake: see stores.objects.Objects. Each raises CallFailed."""

    def put(self, name: str, content: bytes) -> None:
        """Returns when it is durable."""
        ...

    def put_new(self, name: str, content: bytes) -> bool:
        """Whether the name has this content now; False if it has another, which stays."""
        ...

    def get(self, name: str) -> bytes:
        """The whole of it."""
        ...

    def names(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """All that begin so and come behind that name, in the order of their characters."""
        ...

    def move(self, name: str, to: str) -> None:
        """Under the new name it is durable before the old one is gone. Nothing if it is not there any more."""
        ...

    def delete(self, name: str) -> None:
        """It is gone, or was before."""
        ...


class Row(NamedTuple):
    """A record as a row of its table; what the values are only the writer knows."""

    table: str
    values: Any


class Typing(Protocol):
    """Makes rows of the records of one stream, and files of them."""

    def row(self, shard: str, record: StreamRecord, accepted: Accepted, contracts: ContractSet) -> "Row | Refused":
        """The row of a record, or what does not fit a column (Stage.LOAD), or that it is in no table (RESOLVE)."""
        ...

    def parquet(self, table: str, rows: Sequence[Row], contracts: ContractSet) -> bytes:
        """A file of rows, with the columns that the table has by these contracts."""
        ...


class LoadOutcome(NamedTuple):
    """What became of the rows of a range: new, there already with the same bytes, there with other bytes."""

    rows: int
    repeats: int
    conflicts: int


class Warehouse(Protocol):
    """Where ranges are loaded. Each raises CallFailed, and may then have loaded some of them. For one thread."""

    def prepare(self, contracts: ContractSet) -> Sequence[Change]:
        """Make the tables that these contracts ask for and that are missing, and columns that were added.

        What else would have to change waits for `migrate`, and ranges that need it are not loaded.
        """
        ...

    def migrate(self) -> None:
        """Make the changes that `prepare` left."""
        ...

    def loaded(self, stream: str) -> Mapping[str, int]:
        """The number of the newest entry that is loaded, by shard."""
        ...

    def load(self, entries: Sequence[LogEntry]) -> Sequence[LoadOutcome]:
        """Load what is not loaded yet, each with its line in one transaction; a range that is there is left alone.

        Entries of a shard come in order; what has no typed files is not asked for.
        """
        ...

    def unload(self, entries: Sequence[LogEntry]) -> None:
        """Take out the rows of these ranges, the conflicts that they made, and their lines, in one transaction."""
        ...

    def load_rejects(self) -> int:
        """Load the rejects of all jobs that are in the lake and not in the warehouse, each once; how many."""
        ...

    def ask(self, sql: str) -> "tuple[Sequence[str], Sequence[Sequence[Any]]]":
        """The names of the columns of the answer to a question, and its rows. Nothing is changed by it."""
        ...

    def close(self) -> None:
        """Let go of whatever is held."""
        ...


class LakeObserver(StepObserver, RejectObserver, Protocol):
    """Hears how delivery gets on. Steps are `open`, `store`, `load`, `sweep` and `metrics`, and those of reading."""

    def gathering(self, stream: str, records: int, size_bytes: int, unjudged: int) -> None:
        """So much is in open ranges and not in the log yet, and so many records wait for contracts to be read."""

    def logged(self, entry: LogEntry, age_seconds: float) -> None:
        """A range is in the lake; its oldest record arrived so long ago."""

    def loaded(self, entry: LogEntry, outcome: LoadOutcome, age_seconds: float) -> None:
        """A range is in the warehouse; its oldest record arrived so long ago."""

    def unplanned(self, stream: str, subject: str, pointer: str, values: int) -> None:
        """So many records of a range had a field that their contract does not name."""

    def load_took(self, entries: int, seconds: float) -> None:
        """One load, of so many ranges."""

    def to_load(self, stream: str, ranges: int) -> None:
        """So many ranges are in the lake and not in the warehouse."""

    def swept(self, name: str) -> None:
        """A file that no entry names is out of the way."""

    def measured(self, metrics: int) -> None:
        """So many metrics are on their stream."""

    def uncounted(self, stream: str, records: int) -> None:
        """So many records are in no metric: their bucket was told long ago."""

    def broken(self, error: Exception) -> None:
        """Our own code failed on a record, which becomes a reject."""
