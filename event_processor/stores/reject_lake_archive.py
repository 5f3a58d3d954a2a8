"""The rejects of a lake read back, those of all jobs; what was replayed is noted in objects beside them."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from secrets import token_hex
from typing import Final, Self

from pydantic import AwareDatetime, BaseModel, ValidationError

from event_processor.errors import CallFailed, StoreInUse
from event_processor.rejects.reject import KeptReject
from event_processor.stores.objects import ABSENT, Objects
from event_processor.stores.reject_file_archive import lines_of
from event_processor.stores.reject_lake import FOLDER, holds_rejects

_NOTES: Final = f"{FOLDER}/replayed/"
_LEASES: Final = f"{FOLDER}/replays/"
_PUT_AWAY: Final = {ABSENT, "InvalidObjectState"}  # by a rule of the bucket's life cycle: deleted, or in an archive
_LEASE: Final = timedelta(minutes=10)  # renewed with each note; a filter may take its time before the first


class _Lease(BaseModel):
    owner: str
    until: AwareDatetime


class _Note(BaseModel):
    replayed: list[str]


class LakeArchive:
    """See Archive. Jobs may go on storing meanwhile.

    With `alone`, for a replay, it has a lease: the object of the highest number below `rejects/replays/`, made by a
    conditional put. Whoever finds one that has not run out is refused; a replay that finds a later one than its own
    stops before it notes anything more.
    """

    def __init__(self, objects: Objects, *, alone: bool = False) -> None:
        self.warnings: list[str] = []
        self._objects, self._alone = objects, alone
        self._owner, self._lease = token_hex(8), ""
        self._replayed: set[str] = set()

    def __enter__(self) -> Self:
        if self._alone:
            self._take_lease()
        for name in self._objects.names(_NOTES):
            try:
                self._replayed.update(_Note.model_validate_json(self._objects.get(name)).replayed)
            except ValidationError:
                self.warnings.append(f"{name} is not a note of a replay: what it was about may be sent once more")
        return self

    def __exit__(self, *_raised: object) -> None:
        """Nothing was taken out. The lease ends."""
        if self._lease:
            try:
                self._renew(timedelta())
            except CallFailed as failure:
                self.warnings.append(f"the next replay has to wait for {_LEASE}: {failure}")

    def read(self) -> Iterator[KeptReject]:
        seen: set[str] = set()
        bad_lines = 0
        for name in filter(holds_rejects, self._objects.names(f"{FOLDER}/")):
            try:
                for kept in _rejects_in(self._objects.get(name)):
                    if kept is None:
                        bad_lines += 1
                    elif kept.reject_id not in seen:
                        seen.add(kept.reject_id)
                        yield kept
            except CallFailed as failure:
                if failure.code not in _PUT_AWAY:
                    raise
                self.warnings.append(f"{name} cannot be read any more: {failure.code}")
            except (EOFError, OSError, zlib.error) as error:
                self.warnings.append(f"{name} cannot be unpacked: {error}")
        if bad_lines:
            self.warnings.append(f"{bad_lines} lines are not rejects (torn or altered): left out")

    def is_replayed(self, reject_id: str) -> bool:
        return reject_id in self._replayed

    def mark_replayed(self, reject_ids: Sequence[str]) -> None:
        """Raises StoreInUse, too, if another replay has begun since this one's lease ran out."""
        content = json.dumps({"replayed": sorted(reject_ids)}).encode()
        self._objects.put_new(f"{_NOTES}{sha256(content).hexdigest()[:32]}.json", content)
        self._replayed.update(reject_ids)
        if self._lease:
            if self._latest_lease() != self._lease:
                raise StoreInUse("another replay has begun, as this one was silent for too long: it goes on alone")
            self._renew(_LEASE)

    def _take_lease(self) -> None:
        latest = self._latest_lease()
        if latest and (until := self._lease_until(latest)) > datetime.now(UTC):
            raise StoreInUse(f"another replay is at work on this lake, or was killed; wait until {until:%H:%M:%S} UTC")
        number = int(latest.removeprefix(_LEASES)) + 1 if latest else 1
        lease = f"{_LEASES}{number:010}"
        if not self._objects.put_new(lease, self._content(_LEASE)):
            raise StoreInUse("another replay has just begun on this lake; wait until it has ended")
        self._lease = lease

    def _latest_lease(self) -> str:
        return max(filter(_is_lease, self._objects.names(_LEASES)), default="")

    def _lease_until(self, name: str) -> datetime:
        try:
            return _Lease.model_validate_json(self._objects.get(name)).until
        except ValidationError:
            return datetime.now(UTC) + _LEASE

    def _renew(self, span: timedelta) -> None:
        self._objects.put(self._lease, self._content(span))

    def _content(self, span: timedelta) -> bytes:
        return _Lease(owner=self._owner, until=datetime.now(UTC) + span).model_dump_json().encode()


def _is_lease(name: str) -> bool:
    """What others put among them is none."""
    number = name.removeprefix(_LEASES)
    return number.isascii() and number.isdecimal()


def _rejects_in(packed: bytes) -> Iterator[KeptReject | None]:
    """None for a line that is none."""
    with gzip.GzipFile(fileobj=BytesIO(packed)) as file:
        for line in lines_of(file):
            try:
                yield KeptReject.model_validate_json(line or b"")
            except ValidationError:
                yield None
