"""The door described in OpenAPI 3.1: a path for each stream, and what its contracts ask for. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from event_processor import __version__
from event_processor.contracts.contract import Contract
from event_processor.contracts.contract_set import ContractSet
from event_processor.contracts.streams import Stream, Template
from event_processor.contracts.subjects import Fields, ways_to
from event_processor.gateway.answers import PROBLEM
from event_processor.gateway.envelopes import MOST_KEY_CHARACTERS, MOST_RECORDS
from event_processor.gateway.openapi_answers import ANSWERS, KEY_NEEDED, KEYS, SCHEMAS
from event_processor.gateway.openapi_schemas import schema_of_contract, schema_of_record
from event_processor.gateway.openapi_segment import segment_paths
from event_processor.gateway.segment import TYPES

_JSON: Final = "application/json"
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")
_TEXT: Final = """\
Records onto streams, each answered 200 when its stream has it. What is published is the bytes of the record as they
came. Records of one partition key keep their order. A record that its contract refuses is 422 with all its faults."""


class Described(NamedTuple):
    """A stream, and the most bytes that a record of it may have, its partition key included."""

    stream: Stream
    limit_bytes: int


class _About(NamedTuple):
    """A contract that records of a stream may be about, and what says that they are."""

    contract: Contract
    ways: list[Fields]


def listing(streams: Sequence[Described], contracts: ContractSet, deadline_seconds: float) -> dict[str, Any]:
    """Which streams there are, and what may be sent to each."""
    known = _known(streams, contracts.contracts.values())
    return {
        "contracts_epoch": contracts.epoch,
        "records_per_request": MOST_RECORDS,
        "deadline_seconds": deadline_seconds,
        "streams": [_listed(each, known[each.stream.name]) for each in streams],
    }


def description(streams: Sequence[Described], contracts: ContractSet, *, with_keys: bool = False) -> dict[str, Any]:
    """The whole document; `with_keys` if records need one."""
    known = _known(streams, contracts.contracts.values())
    names = _names(contracts.contracts, {*SCHEMAS, *(f"{each.stream.name}.record" for each in streams)})
    used: dict[str, Any] = {}
    paths: dict[str, Any] = {"/streams": _get("list_streams", "Which streams there are", "Streams")}
    paths["/openapi.json"] = _get("describe", "This document", "Description")
    for stream, limit_bytes in streams:
        name = f"{stream.name}.record"
        used[name] = _record(stream, known[stream.name], names, used)
        record = {"$ref": f"#/components/schemas/{name}"}
        path = f"/streams/{stream.name}"
        for kind, body in (("record", _one(record, limit_bytes)), ("records", _many(record, limit_bytes))):
            paths[f"{path}/{kind}"] = {
                method: _operation(stream, kind, body, method) | (KEY_NEEDED if with_keys else {})
                for method in ("put", "post")
            }
    paths |= segment_paths(TYPES, [each.stream.name for each in streams], with_keys=with_keys)
    return {
        "openapi": "3.1.0",
        "info": {"title": "event_processor gateway", "version": __version__, "description": _TEXT},
        "paths": paths,
        "components": {"schemas": SCHEMAS | used, "responses": ANSWERS, "securitySchemes": KEYS if with_keys else {}},
    }


def _known(streams: Sequence[Described], contracts: Iterable[Contract]) -> dict[str, list[_About]]:
    """What records of each stream may be about.

    With `{type}/{event|name}` that could be nearly anything: a subject that is another stream's by name is left out.
    """
    known: dict[str, list[_About]] = {each.stream.name: [] for each in streams}
    for contract in contracts:
        ways = {each.stream: ways_to(each.stream.contract, contract.subject) for each in streams}
        nearest = max((_literal(stream.contract) for stream, found in ways.items() if found), default=0)
        for stream, found in ways.items():
            if found and _literal(stream.contract) == nearest:
                known[stream.name].append(_About(contract, found))
    return known


def _literal(template: Template) -> int:
    return sum(len(part.before) + len(part.after) for part in template.parts)


def _listed(described: Described, known: Sequence[_About]) -> dict[str, Any]:
    stream = described.stream
    return {
        "name": stream.name,
        "contract": stream.contract.text,
        "at": stream.at,
        "id": stream.id,
        "partition_key": stream.partition_key,
        "record_bytes": described.limit_bytes,
        "subjects": [{"subject": contract.subject, "version": str(contract.version)} for contract, _ in known],
    }


def _names(contracts: Mapping[str, Contract], taken: set[str]) -> dict[str, str]:
    """A component's name for each subject: these may have letters, digits, `.`, `_` and `-` only."""
    names: dict[str, str] = {}
    for subject in contracts:
        name = plain = _NO_NAME.sub("_", subject)
        number = 1
        while name in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name)
        names[subject] = name
    return names


def _record(stream: Stream, known: Sequence[_About], names: Mapping[str, str], used: dict[str, Any]) -> dict[str, Any]:
    """What a record of this stream is; the contracts that it refers to are `used` from now on."""
    found = []
    for contract, ways in known:
        name = names[contract.subject]
        if name not in used:
            used[name] = schema_of_contract(contract)
        found.append(schema_of_record(stream, f"#/components/schemas/{name}", ways))
    if not found:
        return {"not": {}, "description": "No contract is live for any subject of this stream: all is refused."}
    return found[0] if len(found) == 1 else {"anyOf": found}


def _one(record: Mapping[str, Any], limit_bytes: int) -> dict[str, Any]:
    return _object("Data", "PartitionKey", record, limit_bytes)


def _many(record: Mapping[str, Any], limit_bytes: int) -> dict[str, Any]:
    each = _object("data", "partition-key", record, limit_bytes)
    records = {"type": "array", "items": each, "minItems": 1, "maxItems": MOST_RECORDS}
    return {"type": "object", "properties": {"records": records}, "required": ["records"]} | _NOTHING_ELSE


def _object(data: str, key: str, record: Mapping[str, Any], limit_bytes: int) -> dict[str, Any]:
    words = f"At most {limit_bytes} bytes with its partition key."
    text = {"type": ["string", "null"], "minLength": 1, "maxLength": MOST_KEY_CHARACTERS}
    properties = {data: {"description": words, **record}, key: text}
    return {"type": "object", "properties": properties, "required": [data]} | _NOTHING_ELSE


_NOTHING_ELSE: Final = {"additionalProperties": False}


def _operation(stream: Stream, kind: str, body: Mapping[str, Any], method: str) -> dict[str, Any]:
    good, bad = ("Stored", "Refused") if kind == "record" else ("Results", "Results")
    what = "One record" if kind == "record" else f"Up to {MOST_RECORDS} records"
    answers: dict[str, Any] = {status: {"$ref": f"#/components/responses/{status}"} for status in ANSWERS}
    answers["200"] = _answer("Stored" if kind == "record" else "A result each; at least one is stored", good)
    answers["422"] = _answer("Refused by contract", bad, PROBLEM if kind == "record" else _JSON)
    return {
        "operationId": f"{method}_{kind}_{stream.name}",
        "summary": f"{what} for {stream.name}",
        "tags": [stream.name],
        "requestBody": {"required": True, "content": {_JSON: {"schema": body}}},
        "responses": dict(sorted(answers.items())),
    }


def _answer(words: str, schema: str, content_type: str = _JSON) -> dict[str, Any]:
    return {
        "description": words,
        "content": {content_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _get(name: str, words: str, schema: str) -> dict[str, Any]:
    return {
        "get": {
            "operationId": name,
            "summary": words,
            "tags": ["description"],
            "responses": {"200": _answer(words, schema)},
        }
    }
