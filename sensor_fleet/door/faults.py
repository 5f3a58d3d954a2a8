"""What goes wrong with a load by plan, though each record of it is valid: for whoever watches the numbers."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from random import Random
from typing import Final, NamedTuple

import orjson

from sensor_fleet.tracking.generator import TrackingGenerator
from sensor_fleet.tracking.plan import TrackingRecord, digest
from sensor_fleet.tracking.pointers import drop
from sensor_fleet.tracking.streams import STREAMS

KINDS: Final[Mapping[str, tuple[float, str]]] = {
    "silence": (0.5, "that share of the devices sends nothing"),
    "partial": (0.5, "that share of the records is not sent"),
    "drift": (1.0, "the share of records that are not sent rises to that"),
    "duplicate": (1.0, "that share of the records is sent twice"),
    "spike": (5.0, "so many times as many records"),
    "shift": (2.0, "the same, for good"),
    "frozen": (1.0, "that share of the records says what the first of them said, under ids of their own"),
    "nulls": (1.0, "that share of the records has none of its optional fields"),
}
"""What a strength means if none is given, and in words."""
_TIMES: Final = frozenset({"spike", "shift"})
_MOST_TIMES: Final = 100.0
_OTHERS: Final = 1_000_000_000  # from there on records are of a spike, so that none is sent for two reasons


class LoadFault(NamedTuple):
    """From `start` to `end`, in seconds after the first record."""

    kind: str
    start: float
    end: float
    strength: float


def parse_fault(text: str) -> LoadFault:
    """KIND:FROM-TO or KIND:FROM-TO:STRENGTH. Raises ValueError with what is wrong."""
    kind, _, rest = text.partition(":")
    span, _, strength = rest.partition(":")
    start, _, end = span.partition("-")
    if kind not in KINDS:
        raise ValueError(f"there is no fault {kind!r}. There are: {', '.join(KINDS)}")
    try:
        found = LoadFault(kind, float(start), float(end or "inf"), float(strength or KINDS[kind][0]))
    except ValueError:
        raise ValueError(f"{text!r} is not KIND:FROM-TO[:STRENGTH], such as silence:60-120:0.5") from None
    most = _MOST_TIMES if kind in _TIMES else 1.0
    if not (0 <= found.start < found.end and 0 < found.strength <= most):
        raise ValueError(f"{text!r}: FROM must be before TO, and the strength above 0 and at most {most:g}")
    return found


class Faults:
    """Decides which records go out in place of each. `records` may be called by any number of threads."""

    def __init__(self, faults: Sequence[LoadFault], seed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._faults, self._seed, self._clock = faults, seed, clock
        self._started: float | None = None
        self._optional = {
            each.name: [field.pointer for field in each.fields if not field.required]
            for subjects in STREAMS.values()
            for each in subjects
        }

    def records(self, generator: TrackingGenerator, index: int) -> Iterator[TrackingRecord]:
        """None, one or several; the same object twice is to be sent twice."""
        record = generator.record(index)
        if not self._faults:
            yield record
            return
        rng, now = Random(f"{self._seed}/fault/{index}"), self._seconds()
        strength = {each.kind: self._strength(each, now) for each in self._faults if each.start <= now < each.end}
        if _fraction(record.partition_key) < strength.get("silence", 0.0):
            return
        if rng.random() < max(strength.get("partial", 0.0), strength.get("drift", 0.0)):
            return
        record = self._changed(generator, record, rng, strength)
        yield record
        if rng.random() < strength.get("duplicate", 0.0):
            yield record
        times = max(strength.get("spike", 1.0), strength.get("shift", 1.0))
        more = int(times - 1) + (rng.random() < (times - 1) % 1)
        yield from (generator.record(_OTHERS * number + index) for number in range(1, more + 1))

    def _seconds(self) -> float:
        now = self._clock()
        if self._started is None:
            self._started = now
        return now - self._started

    def _strength(self, fault: LoadFault, now: float) -> float:
        if fault.kind != "drift" or fault.end == float("inf"):
            return fault.strength
        return fault.strength * (now - fault.start) / (fault.end - fault.start)

    def _changed(
        self, generator: TrackingGenerator, record: TrackingRecord, rng: Random, strength: Mapping[str, float]
    ) -> TrackingRecord:
        if record.plan.faults:
            return record
        if rng.random() < strength.get("frozen", 0.0):
            return self._frozen(generator, record)
        if rng.random() < strength.get("nulls", 0.0):
            document = orjson.loads(record.data)
            for pointer in self._optional.get(record.plan.subject, ()):
                with suppress(KeyError):  # it has not got that one anyway
                    drop(document, pointer)
            return _with(record, document)
        return record

    def _frozen(self, generator: TrackingGenerator, record: TrackingRecord) -> TrackingRecord:
        """The first record of the same subject that is sound, with the id of this one."""
        own = orjson.loads(record.data)
        for index in range(1000):
            first = generator.record(index)
            if first.plan.subject == record.plan.subject and not first.plan.faults:
                document = orjson.loads(first.data)
                names = [name for name, value in document.items() if value == first.plan.message_id]
                return _with(record, document | {name: own[name] for name in names})
        return record


def _with(record: TrackingRecord, document: object) -> TrackingRecord:
    data = orjson.dumps(document)
    return record._replace(plan=record.plan._replace(digest=digest(data)), data=data)


def _fraction(text: str) -> float:
    """A number from 0 to 1, always the same for a text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48
