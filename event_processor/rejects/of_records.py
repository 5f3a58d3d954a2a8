"""The reject of a record of a stream, made of the verdict on it."""

from base64 import b64encode
from datetime import datetime
from typing import Literal

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Refused
from event_processor.ids import rejected_record_id
from event_processor.rejects.reject import Door, Origin, Reject


def reject_of(
    refused: Refused, stream: str, shard: str, record: StreamRecord, received_at: datetime, kind: Door = "stream"
) -> Reject:
    """Its id depends on stream, shard and sequence number only, so two jobs that refuse a record reject it once.

    A record that was refused at the door has a sequence number of the door's own, which stands for a shard.
    """
    original, encoding = _as_text(record.data)
    return Reject(
        reject_id=rejected_record_id(stream, shard, record.sequence),
        faults=refused.faults,
        original=original,
        origin=Origin(kind, stream, f"{shard}/{record.sequence}", 1, record.arrived, received_at),
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
