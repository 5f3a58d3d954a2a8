"""What can go wrong: the one list of faults, from which flags, files and the admin endpoint are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from local_aws.errors import Json
from local_aws.faults import kinds
from local_aws.faults.kinds import Kind


def _fault(kind: Kind, default: object, help_text: str) -> Any:
    return field(default=default, metadata={"kind": kind, "help": help_text})


@dataclass(frozen=True)
class Faults:
    """What goes wrong. Shares are probabilities from 0 to 1; all faults combine. Raises ValueError.

    Faults of calls and of batch entries act on the data path (sending, receiving and deleting messages, changing their
    visibility, putting records), or on ``fail_operations``. docs/local_aws.md describes each.
    """

    refuse: float = _fault(kinds.SHARE, 0.0, "share of records refused inside good PutRecords calls")
    refuse_shards: Mapping[str, float] = field(
        default_factory=dict,
        hash=False,
        metadata={"kind": kinds.SHARES_BY_SHARD, "help": "share of records refused by these shards, by number or id"},
    )
    throttle: bool = _fault(kinds.SWITCH, default=False, help_text="hold every shard to 1,000 records/s and 1 MiB/s")
    throttle_reads: bool = _fault(
        kinds.SWITCH, default=False, help_text="hold every shard to 5 reads/s and 2 MiB/s of what is read"
    )
    empty_reads: float = _fault(kinds.SHARE, 0.0, "share of GetRecords answers without the records that there are")
    iterator_seconds: float = _fault(kinds.SECONDS, 300.0, "age at which a shard iterator expires")
    wrong_count: float = _fault(kinds.SHARE, 0.0, "share of PutRecords answers with a wrong FailedRecordCount")
    fail_call: float = _fault(kinds.SHARE, 0.0, "share of calls that fail and do nothing")
    fail_codes: tuple[str, ...] = _fault(kinds.CODES, (), "error codes that --fail-call chooses from")
    fail_operations: tuple[str, ...] = _fault(
        kinds.OPERATION_NAMES, (), "operations that faults of calls and of entries act on, instead of the data path"
    )
    reset: float = _fault(kinds.SHARE, 0.0, "share of calls whose connection is reset before they do anything")
    lose_answer: float = _fault(kinds.SHARE, 0.0, "share of calls that work but are not answered")
    stall: float = _fault(kinds.SHARE, 0.0, "share of calls that work and are answered late")
    stall_seconds: float = _fault(kinds.SECONDS, 10.0, "how late a stalled call is answered")
    latency_ms: int = _fault(kinds.MILLISECONDS, 0, "time added to every call")
    fail_entry: float = _fault(kinds.SHARE, 0.0, "share of SQS batch entries that fail inside a good answer")
    duplicate: float = _fault(kinds.SHARE, 0.0, "share of messages that can be received twice at once")
    undelete: float = _fault(kinds.SHARE, 0.0, "share of deleted messages that come back once")
    undelete_seconds: float = _fault(kinds.SECONDS, 1.0, "when a deleted message comes back")
    clock_offset_seconds: float = _fault(kinds.OFFSET_SECONDS, 0.0, "how far the emulator's clock is off")
    seed: int = _fault(kinds.WHOLE_NUMBER, 0, "seed of the faults")

    def __post_init__(self) -> None:
        for name, kind in KINDS.items():
            try:
                kind.check(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None

    @classmethod
    def from_json(cls, values: Mapping[str, object], **given: object) -> Self:
        """From a file's or a request's names and values, and ``given`` ones. Raises ValueError."""
        allowed = [name for name in KINDS if name not in given]
        if unknown := [name for name in values if name not in allowed]:
            raise ValueError(f"unknown key {unknown[0]!r}, allowed are {', '.join(allowed)}")
        frozen = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**frozen, **given)  # type: ignore[arg-type]

    def as_json(self) -> Json:
        """The faults that differ from the defaults."""
        return {name: value for name, value in vars(self).items() if value != getattr(_NONE, name)}


KINDS: dict[str, Kind] = {entry.name: entry.metadata["kind"] for entry in fields(Faults)}
"""The kind of each fault by its name."""

HELP: dict[str, str] = {entry.name: entry.metadata["help"] for entry in fields(Faults)}
"""What each fault does, in a line."""

_NONE = Faults()
