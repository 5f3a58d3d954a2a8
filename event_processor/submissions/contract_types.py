"""Event types with a contract `event/<type>`, beside those that are built in: a new type needs no release."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final

from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.faults import faults_of, repeated_key
from event_processor.json_document import repeated_keys
from event_processor.rejects.reject import Reject
from event_processor.submissions.event_models import EventModels
from event_processor.submissions.ports import EventData, EventTypes
from event_processor.verdict import Fault, Reason

SUBJECT_PREFIX: Final = "event/"


class ContractTypes(EventTypes):
    """See EventTypes. Built-in types are read by their models, whatever a contract says of them.

    An event of another type is published as it came, since its contract is about all of it.
    """

    def __init__(
        self, built_in: EventModels, contracts: Callable[[], ContractSet], renew: Callable[[], object]
    ) -> None:
        """`renew` reads the registry now, where no thread of the process does."""
        self._built_in, self._contracts, self._renew = built_in, contracts, renew
        self._named: tuple[ContractSet | None, frozenset[str]] = (None, frozenset())

    @property
    def names(self) -> Collection[str]:
        """See EventTypes."""
        contracts, (named, names) = self._contracts(), self._named
        if named is None or named.contracts is not contracts.contracts:
            subjects = (subject for subject in contracts.contracts if subject.startswith(SUBJECT_PREFIX))
            names = frozenset({*self._built_in.names, *(subject.removeprefix(SUBJECT_PREFIX) for subject in subjects)})
            self._named = contracts, names
        return names

    def read_all(self, event_type: str, events: Sequence[Any]) -> Sequence[EventData] | None:
        """See EventTypes."""
        if event_type in self._built_in.names:
            return self._built_in.read_all(event_type, events)
        contract = self._contract(event_type)
        if contract is None or not all(_is_sound(event, contract) for event in events):
            return None
        return events

    def read(self, event_type: str, event: Any, pointer: str) -> EventData | tuple[Fault, ...]:
        """See EventTypes."""
        if event_type in self._built_in.names:
            return self._built_in.read(event_type, event, pointer)
        contract = self._contract(event_type)
        if contract is None:
            return (Fault(Reason.UNKNOWN_EVENT_TYPE, pointer, "This event type has no contract any more"),)
        if not isinstance(event, dict):
            return (Fault(Reason.NOT_AN_OBJECT, pointer, "the event is not a JSON object", "a JSON object"),)
        repeated = repeated_key(event, contract)
        if repeated is not None:
            return (replace(repeated, pointer=pointer + repeated.pointer),)
        return faults_of(contract, event, pointer) or event

    def is_final(self, reject: Reject) -> bool:
        """See EventTypes."""
        by_contract = reject.event_type is not None and reject.event_type not in self._built_in.names
        if not by_contract and all(fault.reason is not Reason.UNKNOWN_EVENT_TYPE for fault in reject.faults):
            return True
        return self._contracts().read_at >= reject.origin.received_at

    def renew(self) -> None:
        """See EventTypes."""
        self._renew()

    def _contract(self, event_type: str) -> Contract | None:
        return self._contracts().contracts.get(SUBJECT_PREFIX + event_type)


def _is_sound(event: Any, contract: Contract) -> bool:
    return isinstance(event, dict) and next(repeated_keys(event), None) is None and not faults_of(contract, event)
