"""What all batch operations share: checks of the batch as a whole, then success or failure entry by entry."""

import re
from collections.abc import Callable

from local_aws.errors import AwsError, Json
from local_aws.sqs.errors import sqs_error

MAX_ENTRIES = 10
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def checked_entries(params: Json, operation: str) -> list[Json]:
    """The entries. Raises the batch-wide errors: empty, too many, ids malformed or not distinct."""
    entries = params.get("Entries")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        message = f"There should be at least one {operation}RequestEntry in the request."
        raise sqs_error("EmptyBatchRequest", message)
    if len(entries) > MAX_ENTRIES:
        message = f"Maximum number of entries per request are {MAX_ENTRIES}. You have sent {len(entries)}."
        raise sqs_error("TooManyEntriesInBatchRequest", message)
    ids = [str(entry.get("Id") or "") for entry in entries]
    if not all(_ID.fullmatch(entry_id) for entry_id in ids):
        message = (
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long."
        )
        raise sqs_error("InvalidBatchEntryId", message)
    for number, entry_id in enumerate(ids):
        if entry_id in ids[:number]:
            raise sqs_error("BatchEntryIdsNotDistinct", f"Id {entry_id} repeated.")
    return entries


def run_entries(entries: list[Json], work: Callable[[Json], Json]) -> Json:
    """Do ``work`` for each entry; one that raises AwsError is reported as failed and stops no other.

    A list without entries is left out, as AWS does whatever the service model requires.
    """
    successful, failed = [], []
    for entry in entries:
        try:
            successful.append({"Id": entry["Id"], **work(entry)})
        except AwsError as error:
            failed.append(_failure(entry["Id"], error))
    return {name: entries for name, entries in (("Successful", successful), ("Failed", failed)) if entries}


def _failure(entry_id: str, error: AwsError) -> Json:
    return {"Id": entry_id, "SenderFault": error.sender_fault, "Code": error.query_code, "Message": error.message}
