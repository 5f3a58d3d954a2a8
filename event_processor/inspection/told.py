"""What people are told of a reject: a notice for each of its faults."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from event_processor.contracts.contract import Contract
from event_processor.inspection.ports import InspectionObserver
from event_processor.inspection.verdicts import label
from event_processor.notices.notice import Kind, Notice
from event_processor.notices.ports import Notices
from event_processor.rejects.reject import Reject
from event_processor.verdict import Fault, Sender


class Teller:
    """Tells the observer and people of rejects that are stored."""

    def __init__(self, notices: Notices, observer: InspectionObserver, stream: str, status_url: str | None) -> None:
        self._notices, self._observer, self._stream, self._status_url = notices, observer, stream, status_url
        self.has_told = False

    def tell(
        self, rejects: Sequence[Reject], without_original: Sequence[Reject], contracts: Mapping[str, Contract]
    ) -> None:
        """They are safe, so they may be told; of some the store could not take the original."""
        if without_original:
            self._observer.originals_not_kept(without_original)
        self._observer.rejected(rejects)
        self._observer.refused(Counter(label(reject.subject, contracts) for reject in rejects))
        self.has_told = True
        for reject in rejects:
            contract = contracts.get(reject.subject or "")
            channel = (contract.channel or "") if contract else ""
            for notice in notices_of(reject, self._stream, channel, self._status_url):
                self._notices.tell(notice)


def notices_of(reject: Reject, stream: str, channel: str, status_url: str | None) -> Iterator[Notice]:
    """Without the payload. `channel` is whom the contract wants told; `status_url` is where the status page is."""
    link = f"{status_url.rstrip('/')}/#{reject.reject_id}" if status_url else ""
    sender, subject = _words(reject.sender), reject.subject or stream
    for fault in reject.faults:
        yield Notice(
            kind=Kind.REJECT,
            subject=subject,
            pointer=fault.pointer,
            code=fault.reason.value,
            title=f"{subject} {fault.pointer}: {fault.detail}" if fault.pointer else f"{subject}: {fault.detail}",
            fields=tuple(_fields(fault, stream)),
            version=reject.version or "",
            sender=sender,
            link=link,
            channel=channel,
        )


def _fields(fault: Fault, stream: str) -> Iterator[tuple[str, str]]:
    if fault.expected:
        yield "Expected", fault.expected
    if fault.found is not None:
        yield "Found", fault.found
    yield "Stream", stream


def _words(sender: Sender) -> str:
    parts = (("library", sender.library), ("app", sender.app_version), ("device", sender.device))
    return ", ".join(f"{name} {value}" for name, value in parts if value)
