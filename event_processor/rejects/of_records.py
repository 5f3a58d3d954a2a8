"""The reject of a record of a stream, made of the verdict on it."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from event_processor.ids import rejected_record_id
from event_processor.rejects.reject import Origin, Reject
from event_processor.verdict import Fault, Sender, Stage


class Refusal(Protocol):
    """The verdict of a contract: see contracts.judge.Refused."""

    @property
    def stage(self) -> Stage:
        """How far the record came."""
        ...

    @property
    def faults(self) -> Sequence[Fault]:
        """What is wrong with it, at least one."""
        ...

    @property
    def subject(self) -> str | None:
        """What it is about, if that is known."""
        ...

    @property
    def version(self) -> object | None:
        """The version that it was judged by; its text is stored."""
        ...

    @property
    def sender(self) -> Sender:
        """Who sent it."""
        ...


class Rejectable(Protocol):
    """A record as a reader of a stream has it: see consuming.records.StreamRecord."""

    @property
    def sequence(self) -> str:
        """Its number in its shard."""
        ...

    @property
    def key(self) -> str:
        """Its partition key."""
        ...

    @property
    def arrived(self) -> datetime:
        """When the stream took it."""
        ...

    @property
    def data(self) -> bytes:
        """What the sender wrote."""
        ...


def reject_of(refused: Refusal, stream: str, shard: str, record: Rejectable, received_at: datetime) -> Reject:
    """Its id depends on stream, shard and sequence number only, so two jobs that refuse a record reject it once."""
    original, encoding = _as_text(record.data)
    return Reject(
        reject_id=rejected_record_id(stream, shard, record.sequence),
        faults=tuple(refused.faults),
        original=original,
        origin=Origin("stream", stream, f"{shard}/{record.sequence}", 1, record.arrived, received_at),
        device_id=refused.sender.device,
        stage=refused.stage,
        subject=refused.subject,
        version=None if refused.version is None else str(refused.version),
        library=refused.sender.library,
        app_version=refused.sender.app_version,
        partition_key=record.key,
        original_encoding=encoding,
    )


def _as_text(data: bytes) -> tuple[str, Literal["text", "base64"]]:
    try:
        return data.decode(), "text"
    except UnicodeDecodeError:
        return b64encode(data).decode(), "base64"
