"""How large records are in each form they travel in, how they are billed, and which fields make them large.

Of any number of records, in bounded memory: sizes are counted, not kept, and so are fields.
"""

import base64
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final, NamedTuple

from event_processor.estimate.billing import (
    FIREHOSE_STEP_BYTES,
    ON_DEMAND_STEP_BYTES,
    PUT_UNIT_BYTES,
    SQS_REQUEST_BYTES,
    begun,
)

FORMS: Final = ("raw", "compact", "gzip", "base64")
OTHER_FIELDS: Final = "(other fields)"
_LEVEL: Final = 6  # gzip's own default
_MOST_FIELDS: Final = 1_000  # names that are data, such as ids, have no end
_DEEPEST: Final = 16
_EXACT_BITS: Final = 12  # sizes up to 4,096 bytes are counted as they are, others to 1 in 2,048


class Billed(NamedTuple):
    """What a form of the records is billed as: SQS requests, KB in on-demand, PUT payload units, KB in Firehose."""

    sqs_requests: int
    on_demand_kb: int
    put_units: int
    firehose_kb: int


_NOTHING: Final = Billed(0, 0, 0, 0)


@dataclass(slots=True)
class Sizes:
    """Of the records in one form."""

    bytes: int = 0
    most: int = 0
    billed: Billed = _NOTHING
    _counts: Counter[int] = field(default_factory=Counter)

    def add(self, size: int) -> None:
        """Count a record of this size."""
        self.bytes += size
        self.most = max(self.most, size)
        self._counts[_near(size)] += 1
        before = self.billed
        self.billed = Billed(
            before.sqs_requests + begun(size, SQS_REQUEST_BYTES),
            before.on_demand_kb + begun(size, ON_DEMAND_STEP_BYTES),
            before.put_units + begun(size, PUT_UNIT_BYTES),
            before.firehose_kb + begun(size, FIREHOSE_STEP_BYTES) * FIREHOSE_STEP_BYTES // ON_DEMAND_STEP_BYTES,
        )

    def percentile(self, percent: int) -> int:
        """The size that so many of the records do not exceed (nearest rank); above 4,096 bytes up to 0.05 % more."""
        rank = ceil(self._counts.total() * percent / 100)
        for size in sorted(self._counts):
            rank -= self._counts[size]
            if rank <= 0:
                return min(size, self.most)
        return 0


@dataclass(frozen=True, slots=True)
class Field:
    """All that is written for a field, its name and what is below it included, in records written compactly."""

    path: str
    records: int
    bytes: int
    share: float


class Payload:
    """Records, one after the other; none is kept."""

    def __init__(self) -> None:
        self.records = 0
        self.no_json = 0
        self.sizes = {form: Sizes() for form in FORMS}
        self._together = zlib.compressobj(_LEVEL, wbits=31)
        self._together_bytes = 0
        self._field_bytes: Counter[str] = Counter()
        self._field_records: Counter[str] = Counter()

    def add(self, data: bytes) -> None:
        """Take one into account. What is not JSON is as large compact as it is raw, and has no fields."""
        self.records += 1
        compact = self._compact(data)
        forms = (data, compact, gzip.compress(compact, _LEVEL, mtime=0), base64.b64encode(compact))
        for sizes, form in zip(self.sizes.values(), forms, strict=True):
            sizes.add(len(form))
        self._together_bytes += len(self._together.compress(compact + b"\n"))

    @property
    def gzip_together(self) -> int:
        """Bytes of all records, a line each, in one gzip: as files of the lake hold them."""
        return self._together_bytes + len(self._together.copy().flush())

    def fields(self) -> list[Field]:
        """By their bytes, the largest first. Items of an array count as one field, `name[]`."""
        whole = self.sizes["compact"].bytes
        return [
            Field(path, self._field_records[path], size, size / whole)
            for path, size in sorted(self._field_bytes.items(), key=lambda each: (-each[1], each[0]))
        ]

    def _compact(self, data: bytes) -> bytes:
        try:
            value = json.loads(data)
            compact = _written(value)
        except (ValueError, RecursionError):
            self.no_json += 1
            return data
        seen: dict[str, int] = {}
        for path, size in _below(value, None, 0):
            name = path if path in self._field_bytes or len(self._field_bytes) < _MOST_FIELDS else OTHER_FIELDS
            self._field_bytes[name] += size
            seen[name] = 1
        self._field_records.update(seen)
        return compact


def _below(value: Any, path: str | None, depth: int) -> Iterator[tuple[str, int]]:
    """The fields in a value, each with the bytes that are written for it."""
    if depth == _DEEPEST:
        return
    if isinstance(value, dict):
        for name, each in value.items():
            below = name if path is None else f"{path}.{name}"
            yield below, len(_written(name)) + 1 + len(_written(each))
            yield from _below(each, below, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _below(each, f"{path or ''}[]", depth + 1)


def _written(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _near(size: int) -> int:
    """The size, or the end of the step that it is in: so few different ones that they can be counted."""
    unit = 1 << max(0, size.bit_length() - _EXACT_BITS)
    return -(-size // unit) * unit
