"""What all batch operations share: checks of the batch as a whole, then success or failure entry by entry."""

import re
from collections.abc import Callable

from local_aws.errors import AwsError, Json
from local_aws.sqs.errors import sqs_error

MAX_ENTRIES = 10
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def checked_entries(params: Json) -> list[Json]:
    """The entries. Raises the batch-wide errors: empty, too many, ids malformed or not distinct."""
    entries = params.get("Entries")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise sqs_error("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > MAX_ENTRIES:
        message = f"Maximum number of entries per request are {MAX_ENTRIES}. You have sent {len(entries)}."
        raise sqs_error("TooManyEntriesInBatchRequest", message)
    ids = [str(entry.get("Id") or "") for entry in entries]
    if not all(_ID.fullmatch(entry_id) for entry_id in ids):
        message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores, at most 80."
        raise sqs_error("InvalidBatchEntryId", message)
    if len(set(ids)) < len(ids):
        raise sqs_error("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
    return entries


def run_entries(entries: list[Json], work: Callable[[Json], Json]) -> Json:
    """Do ``work`` for each entry; one that raises AwsError is reported as failed and stops no other."""
    successful, failed = [], []
    for entry in entries:
        try:
            successful.append({"Id": entry["Id"], **work(entry)})
        except AwsError as error:
            failed.append(_failure(entry["Id"], error))
    return {"Successful": successful, "Failed": failed}


def _failure(entry_id: str, error: AwsError) -> Json:
    return {"Id": entry_id, "SenderFault": error.sender_fault, "Code": error.query_code, "Message": error.message}
