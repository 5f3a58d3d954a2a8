"""Keeps the contracts that count at hand, so that no record costs a call."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from event_processor.clock import Clock
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.registry import Document, Registry
from event_processor.errors import CallFailed, InvalidContract
from event_processor.telling import StepObserver

UNREAD: Final = ContractSet(0, datetime.min.replace(tzinfo=UTC), {})
"""Before the registry was read for the first time: no verdict that depends on contracts is final."""

_STEP: Final = "contracts"


class WatchObserver(StepObserver, Protocol):
    """Hears how the reading of contracts goes. While the step `contracts` fails, the last set goes on counting."""

    def contracts_live(self, epoch: int, changed: Sequence[str]) -> None:
        """Another set counts from now on; these subjects came, went or changed."""


class Watcher:
    """Asks the registry for its epoch at most every `refresh_seconds`, and swaps the whole set when that has changed.

    `current` may be read by any thread at any time. The others are for one thread, or for one invocation at a time.
    """

    def __init__(self, registry: Registry, observer: WatchObserver, clock: Clock, refresh_seconds: float) -> None:
        self._registry, self._observer, self._clock = registry, observer, clock
        self._refresh_seconds = refresh_seconds
        self._asked_at = float("-inf")
        self._documents: Mapping[str, Document] | None = None
        self._compiled: dict[Document, Contract] = {}
        self.current = UNREAD

    def refresh_if_due(self) -> None:
        """What a job calls before each batch if it has no thread for `refresh`."""
        if self._clock.monotonic() - self._asked_at >= self._refresh_seconds:
            self.refresh()

    def refresh(self) -> bool:
        """Ask now; whether the registry answered. Whatever is wrong with it is told, and `current` stays as it is."""
        self._asked_at, read_at = self._clock.monotonic(), self._clock.now()
        try:
            self._ask(read_at)
        except CallFailed as failure:
            self._observer.failing(_STEP, failure)
            return False
        except Exception as error:  # noqa: BLE001 - a bug of ours, met by what somebody published
            self._observer.failing(_STEP, CallFailed(_STEP, type(error).__name__, str(error)))
            return False
        self._observer.working(_STEP)
        return True

    def _ask(self, read_at: datetime) -> None:
        """`read_at` is from before the call: what was published until then is in the answer."""
        known = self._documents
        if known is not None and self._registry.epoch() == self.current.epoch:
            self.current = self.current._replace(read_at=read_at - timedelta(seconds=self._registry.unseen_seconds))
            return
        live = self._registry.read()
        contracts = {subject: self._contract(document) for subject, document in live.documents.items()}
        self._documents = dict(live.documents)
        self._compiled = {document: contracts[subject] for subject, document in live.documents.items()}
        self.current = ContractSet(live.epoch, read_at, contracts)
        self._observer.contracts_live(live.epoch, _changed(known or {}, live.documents))

    def _contract(self, document: Document) -> Contract:
        """Compiled once, also if others of its set are not contracts and all are read again and again."""
        found = self._compiled.get(document)
        if found is None:
            found = self._compiled[document] = contract_of(document)
        return found


def read_set(registry: Registry, read_at: datetime) -> ContractSet:
    """All that counts now, for those who ask once. Raises CallFailed."""
    live = registry.read()
    contracts = {subject: contract_of(document) for subject, document in live.documents.items()}
    return ContractSet(live.epoch, read_at, contracts)


def contract_of(document: Document) -> Contract:
    """Ready to judge by. Raises CallFailed if it is none, or one of another subject or version than it is kept as."""
    kept_as = f"{document.subject} {document.version}"
    try:
        contract = Contract.read(document.text.encode())
    except InvalidContract as error:
        raise CallFailed(_STEP, "InvalidContract", f"{kept_as}: {error}") from error
    if (contract.subject, contract.version) != (document.subject, document.version):
        raise CallFailed(_STEP, "InvalidContract", f"{contract.subject} {contract.version} is kept as {kept_as}")
    return contract


def _changed(known: Mapping[str, Document], live: Mapping[str, Document]) -> list[str]:
    return sorted(subject for subject in known.keys() | live.keys() if known.get(subject) != live.get(subject))
