"""Puts submissions on the queue in batches, reads each entry's result, and sends again what failed.

A batch is sent when the one before is acknowledged, and has one submission of a message group at most. So one that
failed is never overtaken by a later one of its group, as long as a single thread sends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    stop_all,
    stop_when_event_set,
    wait_random_exponential,
)

from sensor_fleet.aws import passes
from sensor_fleet.errors import FleetError
from sensor_fleet.generator import Submission
from sensor_fleet.manifest import ManifestWriter
from sensor_fleet.tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef, SendMessageBatchRequestEntryTypeDef

BATCH_ENTRIES = 10
BATCH_BYTES = 1024 * 1024  # SQS quotas: entries of a SendMessageBatch, and bytes of all their bodies together

_LAST_ATTEMPTS = 5


class SendAgainError(Exception):
    """Some entries are not where they are to go, or may not be."""


def sending_again(stop: threading.Event) -> Retrying:
    """Tries for ever what raises SendAgainError, and a few last times when the fleet is to stop; then RetryError."""
    return Retrying(
        retry=retry_if_exception_type(SendAgainError),
        wait=wait_random_exponential(multiplier=0.05, max=5),
        stop=stop_all(stop_when_event_set(stop), stop_after_attempt(_LAST_ATTEMPTS)),
        sleep=sleep_using_event(stop),
    )


class Sender:
    """Sends; any number of threads may share it. What is sent again may arrive twice; the audit allows repeats."""

    def __init__(
        self, sqs: SQSClient, queue_url: str, manifest: ManifestWriter, tally: Tally, stop: threading.Event
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._manifest = manifest
        self._tally = tally
        self._retrying = sending_again(stop)

    def send(self, submissions: Sequence[Submission]) -> None:
        """Send until all are acknowledged, or the fleet stops and a few last attempts failed too.

        Raises FleetError or botocore's own errors when trying again cannot help.
        """
        self._tally.planned(len(submissions))
        self._manifest.planned(submission.plan for submission in submissions)
        for batch in batches(submissions):
            waiting = {str(number): submission for number, submission in enumerate(batch)}
            try:
                self._retrying(self._attempt, waiting)
            except RetryError:
                return

    def _attempt(self, waiting: dict[str, Submission]) -> None:
        entries = [_entry(key, submission) for key, submission in waiting.items()]
        try:
            answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            if not passes(error):
                raise
            self._tally.call_failed()
            raise SendAgainError from error
        self._acknowledged([waiting.pop(entry["Id"]) for entry in answer.get("Successful", ())])
        if waiting:
            self._refused(answer.get("Failed", ()), len(waiting))

    def _acknowledged(self, submissions: Sequence[Submission]) -> None:
        if submissions:
            self._manifest.sent([submission.plan.submission_id for submission in submissions])
            self._tally.sent(submission.plan for submission in submissions)

    def _refused(self, failed: Iterable[BatchResultErrorEntryTypeDef], entries: int) -> None:
        for entry in failed:
            if entry["SenderFault"] and "Throttl" not in entry["Code"]:
                raise FleetError(f"SQS refuses a submission with {entry['Code']}: {entry.get('Message', '')}")
        self._tally.refused(entries)
        raise SendAgainError


def _entry(key: str, submission: Submission) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": key, "MessageBody": submission.body}
    if group := submission.plan.group:
        entry |= {"MessageGroupId": group, "MessageDeduplicationId": submission.plan.submission_id}
    return entry


def batches(submissions: Iterable[Submission]) -> Iterator[list[Submission]]:
    """The submissions, in their order, in calls that SQS accepts and that have no message group twice."""
    batch: list[Submission] = []
    batch_bytes = 0
    for submission in submissions:
        body_bytes = len(submission.body.encode())
        is_full = len(batch) == BATCH_ENTRIES or batch_bytes + body_bytes > BATCH_BYTES
        if batch and (is_full or _has_group_of(submission, batch)):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(submission)
        batch_bytes += body_bytes
    if batch:
        yield batch


def _has_group_of(submission: Submission, batch: Sequence[Submission]) -> bool:
    group = submission.plan.group
    return bool(group) and any(other.plan.group == group for other in batch)
