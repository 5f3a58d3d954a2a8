"""Who sent a record: Segment's `context`, or the `device_id` of our own events."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from event_processor.text import one_line
from event_processor.verdict import Sender

if TYPE_CHECKING:
    from event_processor.contracts.contract import Contract

_CHARACTERS: Final = 100
_DEVICE: Final = (("context", "device", "id"), ("anonymousId",), ("device_id",))
_LIBRARY: Final = ("context", "library", "name")
_LIBRARY_VERSION: Final = ("context", "library", "version")
_APP_VERSION: Final = ("context", "app", "version")


def sender_of(record: Mapping[str, Any], contract: "Contract | None" = None) -> Sender:
    """The sender as far as the record names it, without what its contract calls `x-pii`."""

    def text(path: tuple[str, ...]) -> str | None:
        found: Any = record
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        if not isinstance(found, str) or not found or (contract and contract.places.along(list(path)).is_pii):
            return None
        return one_line(found[: 2 * _CHARACTERS], _CHARACTERS)

    library = " ".join(filter(None, (text(_LIBRARY), text(_LIBRARY_VERSION)))) or None
    return Sender(next(filter(None, map(text, _DEVICE)), None), library, text(_APP_VERSION))
