"""A book that survives: kept in the lake before what is in its outbox is sent."""

from collections.abc import Mapping, Sequence
from typing import Final

from event_processor.errors import CallFailed
from event_processor.lake.buckets import Book
from event_processor.lake.ports import Files
from event_processor.metrics.metric import Metric

FOLDER: Final = "metrics/"


class Ledger:
    """One thread writes into it while the outbox is empty; another may send what is there."""

    def __init__(self, files: Files, name: str, stream: str, seconds: int) -> None:
        """`name` is of the object, below `metrics/`."""
        self._files, self._name = files, f"{FOLDER}{name}.json"
        self._book = Book(stream, seconds)
        self._is_open, self._is_kept = False, True
        self.to_send: Sequence[tuple[str, str]] = ()

    @property
    def book(self) -> Book:
        """As of now; `open` first."""
        return self._book

    def open(self, began: Mapping[str, int]) -> None:
        """Read it, if that is to be done still. Without one it begins behind these entries. Raises CallFailed."""
        if self._is_open:
            return
        kept, ours = self._read(), self._book
        if kept is None:
            ours.counted, ours.is_new = dict(began), not began
            self._files.put(self._name, ours.written_out())
        elif kept.seconds == ours.seconds:
            self._book, self.to_send = kept, kept.outbox
        else:
            ours.counted, ours.passed = kept.counted, kept.passed
        self._is_open = True

    def tell(self, metrics: Sequence[Metric]) -> None:
        """Keep the book with these in its outbox; from then on they are to be sent. Raises CallFailed: `keep` then."""
        self._book.outbox = [(metric.series.key, metric.to_json().decode()) for metric in metrics]
        self._is_kept = False
        self.keep()

    def keep(self) -> None:
        """What was told and could not be kept. Raises CallFailed."""
        if not self._is_kept:
            self._files.put(self._name, self._book.written_out())
            self._is_kept, self.to_send = True, self._book.outbox

    def _read(self) -> Book | None:
        if self._name not in self._files.names(self._name):
            return None
        try:
            return Book.read(self._files.get(self._name))
        except ValueError as error:
            raise CallFailed("read_metrics", "NoBook", f"{self._name}: {error}") from error
