"""The verdict that one record must get: made with the record, kept in the manifest, compared with the rejects."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

Fault: TypeAlias = tuple[str, str]
"""Where (a JSON pointer) and the code."""


def listed(faults: Iterable[Fault]) -> str:
    """The faults on one line, for people."""
    return ", ".join(f"{code} at {pointer or 'the whole'}" for pointer, code in faults)


def digest(data: bytes) -> str:
    """Equal for equal records only."""
    return blake2b(data, digest_size=16).hexdigest()


class TrackingPlan(NamedTuple):
    """What must become of one record: without faults it is accepted.

    `subject` is empty where none can be told. What goes through a door has a `stream`, a partition `key`, and the
    number of the `client`, from 1, that sends it after all that it sent before.
    """

    message_id: str
    digest: str
    release: str
    subject: str
    faults: tuple[Fault, ...]
    stream: str = ""
    key: str = ""
    client: int = 0


class TrackingRecord(NamedTuple):
    """A record for a stream, and the verdict it must get."""

    plan: TrackingPlan
    partition_key: str
    data: bytes
