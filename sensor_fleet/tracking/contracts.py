"""The contracts that go with the events, as JSON Schema, and the streams file that names them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson

from sensor_fleet.errors import SettingsError
from sensor_fleet.tracking.pointers import parts
from sensor_fleet.tracking.streams import STREAMS
from sensor_fleet.tracking.subjects import Subject

VERSION: Final = "1-0-0"
_ENTRIES: Final = {
    "segment": """\
  segment:
    contract: "{type}/{event|name}"
    id: messageId
    table: tracking.segment
""",
    "user-events": """\
  user-events:
    contract: user-events
    id: request_id
    partition_key: cookie_id
    table: tracking.events
""",
    "user-utm": """\
  user-utm:
    contract: user-utm
    id: request_id
    table: tracking.utm
""",
}
_SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"


def write(folder: Path, streams: Sequence[str]) -> list[Path]:
    """Write each contract and the streams file into a folder, and return the files, which must be new."""
    subjects = [subject for name in streams for subject in STREAMS[name]]
    texts = {quote(subject.name, safe="") + ".json": _text(contract_of(subject)) for subject in subjects}
    texts["streams.yaml"] = ("streams:\n" + "".join(map(_ENTRIES.__getitem__, streams))).encode()
    for name in texts:
        if (folder / name).exists():
            raise SettingsError(f"{folder / name} exists already: name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_bytes(text)
    except OSError as error:
        raise SettingsError(f"cannot write the contracts to {folder}: {error.strerror}") from error
    return [folder / name for name in texts]


def _text(contract: dict[str, Any]) -> bytes:
    return orjson.dumps(contract, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def contract_of(subject: Subject) -> dict[str, Any]:
    """The JSON Schema of one kind of events. What it does not name is allowed."""
    schema = _object()
    if subject.is_segment:
        _add(schema, ["type"], {"const": subject.type})
    _add(schema, [subject.id], {"type": "string", "minLength": 1})
    if subject.title:
        _add(schema, [subject.title_key], {"const": subject.title})
    for field in subject.fields:
        _add(schema, parts(field.pointer), field.kind.schema, required=field.required)
    return {"$schema": _SCHEMA, "x-subject": subject.name, "x-version": VERSION, "x-owner": "web"} | schema


def _object() -> dict[str, Any]:
    return {"type": "object", "required": [], "properties": {}}


def _add(schema: dict[str, Any], way: list[str], value: Mapping[str, Any], *, required: bool = True) -> None:
    """Describe a value, and the objects that it is in; these are required when it is."""
    name, *below = way
    if required and name not in schema["required"]:
        schema["required"].append(name)
    if below:
        _add(schema["properties"].setdefault(name, _object()), below, value, required=required)
    else:
        schema["properties"][name] = value
