"""What stands in for Kinesis and for a store of rejects: both put into memory what they are given."""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import md5
from itertools import count
from math import inf
from time import time_ns
from typing import Final

from event_processor.contracts.contract_set import Contracts
from event_processor.errors import CallFailed
from event_processor.gateway.micro.memory import Bad, Good, Memory
from event_processor.publishing.stream import Acknowledged, Answer, Record, Shard
from event_processor.rejects.reject import Reject

_SHARDS: Final = 2
_FIRST_NUMBER: Final = 49 * 10**54  # 56 digits, as Kinesis has them


class MicroSink:
    """See Sink. Keys spread over two shards by MD5, as in Kinesis; the sequence numbers of a stream rise."""

    def __init__(self, stream: str, memory: Memory, contracts: Contracts, now: Callable[[], datetime]) -> None:
        self._stream, self._memory, self._contracts, self._now = stream, memory, contracts, now
        self._numbers = count(_FIRST_NUMBER + time_ns() * 10**30)  # higher than those of an earlier process

    def put(self, records: Sequence[Record], until: float = inf) -> Sequence[Answer]:  # noqa: ARG002
        """See Sink."""
        return [self._put(record) for record in records]

    def shards(self) -> Sequence[Shard]:
        """None to be paced by."""
        return []

    def _put(self, record: Record) -> Acknowledged:
        hash_key = int.from_bytes(md5(record.partition_key.encode(), usedforsecurity=False).digest())
        answer = Acknowledged(f"shardId-{hash_key * _SHARDS >> 128:012d}", next(self._numbers))
        contract = self._contracts.current.contracts.get(record.event_type)
        self._memory.add(self._stream, record.event_type, Good(record, contract, answer, self._now()))
        return answer


class MicroRejects:
    """See RejectStore: an observer remembers them, those that are only counted as well."""

    def store(self, rejects: Sequence[Reject]) -> Sequence[Reject]:  # noqa: ARG002
        """See RejectStore."""
        return []


class MicroObserver:
    """Of all that a gateway tells, rejects and the state of the contracts; see GatewayObserver and WatchObserver."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.contracts: Contracts | None = None
        self.trouble: str | None = None
        """Why the contracts cannot be read, as long as they cannot."""

    def rejected(self, rejects: Sequence[Reject]) -> None:
        """These are refused."""
        known = self.contracts.current.contracts if self.contracts else {}
        for reject in rejects:
            contract = known.get(reject.subject or "")
            self._memory.add(reject.origin.name, reject.subject, Bad(reject, contract))

    def failing(self, step: str, error: CallFailed) -> None:
        """Only the contracts are anywhere else than in memory."""
        if step == "contracts":
            self.trouble = str(error)

    def working(self, step: str) -> None:
        """See `failing`."""
        if step == "contracts":
            self.trouble = None
