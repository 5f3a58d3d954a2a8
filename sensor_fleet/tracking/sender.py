"""Puts records onto a stream in batches, reads each record's result, and sends again what failed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import RetryError

from sensor_fleet.aws import passes
from sensor_fleet.sender import SendAgainError, sending_again
from sensor_fleet.tracking.manifest import Put, TrackingManifest
from sensor_fleet.tracking.plan import TrackingRecord

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

BATCH_RECORDS = 500
BATCH_BYTES = 5 * 1024 * 1024  # PutRecords: the lower of the limits that AWS has had for a call, keys included


@dataclass(slots=True)
class TrackingTally:
    """The figures of the summary."""

    planned: int = 0
    sent: int = 0
    to_reject: int = 0
    records_refused: int = 0
    calls_failed: int = 0

    def as_json(self) -> dict[str, Any]:
        """The figures for machines."""
        return asdict(self) | {"unconfirmed": self.planned - self.sent}

    def as_line(self) -> str:
        """The figures for people."""
        parts = [f"sent {self.sent:,} events, {self.to_reject:,} of them to be rejected"]
        if self.records_refused or self.calls_failed:
            again = f"{self.records_refused:,} refused records and {self.calls_failed:,} failed calls sent again"
            parts.append(again)
        if self.planned > self.sent:
            parts.append(f"{self.planned - self.sent:,} events without an answer")
        return "; ".join(parts)


class TrackingSender:
    """Sends, in one thread. What is sent again may be on the stream twice; the audit allows repeats."""

    def __init__(self, kinesis: KinesisClient, stream: str, manifest: TrackingManifest, stop: threading.Event) -> None:
        self._kinesis = kinesis
        self._stream = stream
        self._manifest = manifest
        self._retrying = sending_again(stop)
        self.tally = TrackingTally()

    def send(self, records: Sequence[TrackingRecord]) -> None:
        """Send until all are acknowledged, or the fleet stops and a few last attempts failed too.

        Raises botocore's own errors when trying again cannot help.
        """
        self.tally.planned += len(records)
        self._manifest.planned(record.plan for record in records)
        for batch in batches(records):
            waiting = list(batch)
            try:
                self._retrying(self._attempt, waiting)
            except RetryError:
                return

    def _attempt(self, waiting: list[TrackingRecord]) -> None:
        try:
            answer = self._kinesis.put_records(
                StreamName=self._stream,
                Records=[{"Data": record.data, "PartitionKey": record.partition_key} for record in waiting],
            )
        except (BotoCoreError, ClientError) as error:
            if not passes(error):
                raise
            self.tally.calls_failed += 1
            raise SendAgainError from error
        results = list(zip(list(waiting), answer["Records"], strict=True))
        waiting[:] = [record for record, result in results if "SequenceNumber" not in result]
        self._acknowledged([(record, result) for record, result in results if "SequenceNumber" in result])
        if waiting:
            self.tally.records_refused += len(waiting)
            raise SendAgainError

    def _acknowledged(self, results: Sequence[tuple[TrackingRecord, Any]]) -> None:
        if results:
            self._manifest.sent(
                [Put(record.plan.message_id, put["ShardId"], put["SequenceNumber"]) for record, put in results]
            )
            self.tally.sent += len(results)
            self.tally.to_reject += sum(bool(record.plan.faults) for record, _ in results)


def batches(records: Iterable[TrackingRecord]) -> Iterator[list[TrackingRecord]]:
    """The records, in their order, in calls that Kinesis accepts."""
    batch: list[TrackingRecord] = []
    batch_bytes = 0
    for record in records:
        size = len(record.data) + len(record.partition_key.encode())
        if batch and (len(batch) == BATCH_RECORDS or batch_bytes + size > BATCH_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(record)
        batch_bytes += size
    if batch:
        yield batch
