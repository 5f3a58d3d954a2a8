"""The files of rejects of all jobs, on their way into a warehouse."""

import gzip
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from event_processor.lake.layout import MOVED, moved_by
from event_processor.lake.loading import REJECTS
from event_processor.lake.ports import Files
from event_processor.lake.reject_rows import row_of
from event_processor.rejects.reject import KeptReject
from event_processor.stores.parquet_duckdb import ParquetWriter
from event_processor.stores.reject_file_archive import lines_of
from event_processor.stores.reject_lake import FOLDER, holds_rejects

_LATE: Final = timedelta(days=2)
"""A file is stored within this time of the hour that its name says; older ones are looked for at the start only."""
_MOST_BYTES: Final = 8 * 1024 * 1024


class RejectBatch(NamedTuple):
    """Rejects of some files as one of Parquet, and how many lines each had, those that are not rejects left out."""

    rows: Mapping[str, int]
    parquet: bytes


class RejectFiles:
    """Which of them are not known to be loaded. For one thread."""

    def __init__(self, files: Files) -> None:
        self._files, self._writer = files, ParquetWriter()
        self._jobs: set[str] | None = None
        self._done: set[str] = set()
        self._moved: dict[str, Collection[str]] = {}
        """The rejects that are rows by now, by the note that says so."""

    def waiting(self) -> list[str]:
        """Their names."""
        since = f"dt={datetime.now(UTC) - _LATE:%Y-%m-%d}"
        self._done = {name for name in self._done if name.split("/")[2] >= since}
        return [name for name in self._names(since) if name not in self._done]

    def are_done(self, names: Collection[str]) -> None:
        """These are loaded, now or before."""
        self._done.update(names)

    def batches(self, names: Sequence[str]) -> Iterator[RejectBatch]:
        """What is in them, as much at a time as memory holds."""
        counts: dict[str, int] = {}
        rows: list[tuple[Any, ...]] = []
        size_bytes = 0
        for note in self._files.names(MOVED) if names else ():
            if note not in self._moved:
                self._moved[note] = moved_by(self._files.get(note))
        moved = {each for ids in self._moved.values() for each in ids}
        for name in names:
            found = [row_of(reject, name) for reject in self._rejects_in(name) if reject.reject_id not in moved]
            counts[name] = len(found)
            rows += found
            size_bytes += sum(len(value) for row in found for value in row if isinstance(value, str))
            if size_bytes > _MOST_BYTES:
                yield RejectBatch(counts, self._writer.write(REJECTS, rows))
                counts, rows, size_bytes = {}, [], 0
        if counts:
            yield RejectBatch(counts, self._writer.write(REJECTS, rows))

    def _names(self, since: str) -> Iterator[str]:
        if self._jobs is None:
            names = [name for name in self._files.names(f"{FOLDER}/") if holds_rejects(name)]
            self._jobs = {name.split("/")[1] for name in names}
            yield from names
            return
        for job in sorted({*self._jobs, "run", "gateway", "inspect", "deliver", "lambda"}):
            folder = f"{FOLDER}/{job}/"
            yield from (name for name in self._files.names(folder, folder + since) if holds_rejects(name))

    def _rejects_in(self, name: str) -> Iterator[KeptReject]:
        with gzip.GzipFile(fileobj=BytesIO(self._files.get(name))) as file:
            try:
                for line in lines_of(file):
                    try:
                        yield KeptReject.model_validate_json(line or b"")
                    except ValidationError:
                        continue
            except (EOFError, OSError, zlib.error):  # torn or altered: what can be read counts
                return
