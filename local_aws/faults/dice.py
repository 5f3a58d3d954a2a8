"""The dice: decide, call by call and record by record, what fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from local_aws.errors import AwsError
from local_aws.faults.codes import USUAL_CODES, codes_of, injected_error
from local_aws.faults.operations import DATA_PATH
from local_aws.faults.settings import Faults

_RESET = "a reset, which is one of the usual failures"
_RECORD_CODES = ("ProvisionedThroughputExceededException", "InternalFailure")


@dataclass(frozen=True)
class CallFate:
    """What happens to a call: an error or a reset instead of its work; after it, a stall, then perhaps no answer."""

    error: AwsError | None = None
    reset: bool = False
    stall_seconds: float = 0.0
    lose_answer: bool = False


class Layer:
    """Faults from one source, a plan's phase or those set by hand, with their own random sequences.

    Each fault of each operation has its own dice: how often a queue is polled does not change which records are refused
    or which delete fails.
    """

    def __init__(self, faults: Faults, name: str) -> None:
        self.faults = faults
        self._name = name
        self._dice: dict[str, Random] = {}

    def dice(self, what: str) -> Random:
        """The dice for this decision; the same ones each time."""
        if what not in self._dice:
            self._dice[what] = Random(f"{self.faults.seed} {self._name} {what}")
        return self._dice[what]

    def hits(self, share: float, what: str) -> bool:
        """Whether a fault with this share strikes now."""
        return share > 0 and self.dice(what).random() < share

    def acts_on(self, operation: str) -> bool:
        """Whether faults of calls and entries act on this operation."""
        return operation in (self.faults.fail_operations or DATA_PATH)

    def refuses(self, shard_id: str) -> bool:
        """Whether the next record put to this shard is refused."""
        shares = self.faults.refuse_shards
        share = shares.get(shard_id, shares.get(str(int(shard_id[-12:])), 0.0))
        # Both roll each time, so that neither changes what the other decides.
        by_shard = self.hits(share, f"refuse_shards {shard_id}")
        return self.hits(self.faults.refuse, "refuse") or by_shard

    def fate(self, service: str, operation: str) -> CallFate:
        """What happens to the next call of this operation."""
        if not self.acts_on(operation):
            return CallFate()
        faults = self.faults
        reset = self.hits(faults.reset, f"reset {operation}")
        stalls = self.hits(faults.stall, f"stall {operation}")
        lose_answer = self.hits(faults.lose_answer, f"lose_answer {operation}")
        failure = self._failure(service, operation)
        return CallFate(
            error=failure if isinstance(failure, AwsError) else None,
            reset=reset or failure is _RESET,
            stall_seconds=faults.stall_seconds if stalls else 0.0,
            lose_answer=lose_answer,
        )

    def _failure(self, service: str, operation: str) -> AwsError | str | None:
        chosen = self.faults.fail_codes
        codes = codes_of(service, chosen) if chosen else (*USUAL_CODES[service], _RESET)
        if not codes or not self.hits(self.faults.fail_call, f"fail_call {operation}"):
            return None
        code = self.dice(f"fail_codes {operation}").choice(codes)
        return _RESET if code == _RESET else injected_error(service, code)


class FaultDice:
    """All layers that are on, together."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        self._refusing = [layer for layer in layers if layer.faults.refuse or layer.faults.refuse_shards]
        self.throttle = any(layer.faults.throttle for layer in layers)
        self.throttle_reads = any(layer.faults.throttle_reads for layer in layers)
        self.iterator_seconds = min((layer.faults.iterator_seconds for layer in layers), default=float("inf"))
        self.latency_seconds = sum(layer.faults.latency_ms for layer in layers) / 1000
        self.clock_offset_seconds = sum(layer.faults.clock_offset_seconds for layer in layers)

    def fate(self, service: str, operation: str) -> CallFate:
        """What happens to the next call of this operation. ``service`` is its part of the X-Amz-Target header."""
        fates = [layer.fate(service, operation) for layer in self.layers]
        return CallFate(
            error=next((fate.error for fate in fates if fate.error), None),
            reset=any(fate.reset for fate in fates),
            stall_seconds=max((fate.stall_seconds for fate in fates), default=0.0),
            lose_answer=any(fate.lose_answer for fate in fates),
        )

    def refused_record_code(self, shard_id: str) -> str | None:
        """The error code for the next record put to this shard, or None when it may be stored."""
        for layer in self._refusing:
            if layer.refuses(shard_id):
                return layer.dice("refuse code").choice(_RECORD_CODES)
        return None

    def shown_failed_count(self, failed: int, total: int) -> int:
        """The FailedRecordCount to answer: when it is wrong, 0 though some failed, or more than 0 though none did."""
        for layer in self.layers:
            if layer.hits(layer.faults.wrong_count, "wrong_count"):
                return 0 if failed else layer.dice("wrong_count value").randint(1, total)
        return failed

    def reads_nothing(self) -> bool:
        """Whether the next GetRecords brings no records though there are some."""
        return any(layer.hits(layer.faults.empty_reads, "empty_reads") for layer in self.layers)

    def fails_entry(self, operation: str) -> bool:
        """Whether the next entry of this batch operation fails."""
        return any(
            layer.acts_on(operation) and layer.hits(layer.faults.fail_entry, f"fail_entry {operation}")
            for layer in self.layers
        )

    def duplicates_message(self) -> bool:
        """Whether the next message received can be received once more."""
        return any(layer.hits(layer.faults.duplicate, "duplicate") for layer in self.layers)

    def undelete_seconds(self) -> float | None:
        """In how many seconds the next message deleted comes back, or None when it is gone."""
        hits = [layer for layer in self.layers if layer.hits(layer.faults.undelete, "undelete")]
        return min((layer.faults.undelete_seconds for layer in hits), default=None)
