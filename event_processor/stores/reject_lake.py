"""Rejects as objects of a lake: gzip, one JSON a line, below `rejects/<job>/dt=YYYY-MM-DD/hh=HH/`."""

import gzip
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC
from hashlib import sha256
from typing import Final

from event_processor.rejects.reject import Reject
from event_processor.stores.objects import Objects

FOLDER: Final = "rejects"
_ENDING: Final = ".ndjson.gz"


class LakeRejects:
    """See RejectStore. An object a call and hour of receipt (UTC), named after the ids of the rejects in it.

    So what is stored once more within the hour, its answer or its process having been lost, is found to be there; at
    any other time it is there twice, and readers count by `reject_id`.
    """

    def __init__(self, objects: Objects, job: str) -> None:
        self._objects, self._job = objects, job

    def store(self, rejects: Sequence[Reject]) -> list[Reject]:
        hours: dict[str, list[Reject]] = defaultdict(list)
        for reject in rejects:
            received_at = reject.origin.received_at.astimezone(UTC)
            hours[f"dt={received_at:%Y-%m-%d}/hh={received_at:%H}"].append(reject)
        for hour, these in hours.items():
            ids = sha256("\n".join(sorted({reject.reject_id for reject in these})).encode()).hexdigest()[:32]
            lines = "".join(f"{reject.to_json()}\n" for reject in these).encode()
            self._objects.put_new(f"{FOLDER}/{self._job}/{hour}/{ids}{_ENDING}", gzip.compress(lines, 6, mtime=0))
        return []


def holds_rejects(name: str) -> bool:
    """Whether an object of a lake is one of these."""
    return name.endswith(_ENDING) and "/dt=" in name
