"""What is told of an event that is remembered: all of it to tests, by JSON; to people, without what is `x-pii`."""

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson

from event_processor.contracts.contract import Contract
from event_processor.contracts.masked import masked
from event_processor.contracts.streams import Stream
from event_processor.gateway.micro.memory import Bad, Event, Good, Unread
from event_processor.json_document import Unreadable, finite_number, read_json
from event_processor.rejects.reject import told
from event_processor.verdict import Stage

_MOST_CHARACTERS: Final = 4000  # of a record on the page
_HIDDEN: Final = "Not shown, since nobody can say what in it is personal; /micro/{}?after={} has it."


def entry(event: Event) -> dict[str, Any]:
    """All of it. The bytes of what was accepted are those that came; what was refused is as in a store of rejects."""
    about: dict[str, Any] = {"number": event.number, "stream": event.stream, "subject": event.subject}
    what = event.what
    match what:
        case Good():
            return about | {
                "version": _version(what.contract),
                "partition_key": what.record.partition_key,
                "shard_id": what.answer.shard_id,
                "sequence_number": str(what.answer.sequence_number),
                "received_at": what.received_at.isoformat(),
                "data": orjson.Fragment(what.record.data),
            }
        case Bad():
            about.update(json.loads(what.reject.to_json()))
            return about
        case Unread():
            return about | _unread(what)


def shown(event: Event, streams: Mapping[str, Stream]) -> dict[str, Any]:
    """For the page."""
    what, stream = event.what, streams[event.stream] if event.stream else None
    text: str | None
    match what:
        case Good():
            version, at, faults = _version(what.contract), what.received_at, []
            text = None if what.contract is None else _text(what.record.data, what.contract, stream)
        case Bad():
            reject = what.reject
            version, at, faults = reject.version, reject.origin.received_at, list(map(told, reject.faults))
            text = None if _is_obscure(what) else _text(reject.original.encode(), what.contract, stream)
        case Unread():
            version, at, faults = None, what.received_at, _unread(what)["faults"]
            text = f"{what.method} {what.path}: {what.status}"
    return {
        "number": event.number,
        "kind": event.kind,
        "stream": event.stream,
        "subject": event.subject,
        "version": version,
        "at": at.isoformat(),
        "faults": faults,
        "text": _HIDDEN.format(event.kind, event.number - 1) if text is None else text,
    }


def _unread(what: Unread) -> dict[str, Any]:
    fault = {"reason": what.reason, "pointer": what.pointer, "detail": what.detail}
    return {
        **fault,
        "faults": [fault],
        "stage": "request",
        "status": what.status,
        "method": what.method,
        "path": what.path,
        "received_at": what.received_at.isoformat(),
    }


def _version(contract: Contract | None) -> str | None:
    return None if contract is None else str(contract.version)


def _is_obscure(bad: Bad) -> bool:
    """Whether there may be a contract that cannot be asked. Of what has none, nothing is known to be personal."""
    return bad.contract is None and bad.reject.stage is not Stage.RESOLVE


def _text(data: bytes, contract: Contract | None, stream: Stream | None) -> str | None:
    try:
        record = read_json(data.decode(), finite_number)
    except (UnicodeDecodeError, Unreadable):
        return None
    if contract is not None and stream is not None:
        record = masked(record, contract, stream.steps)
    text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + " …"
