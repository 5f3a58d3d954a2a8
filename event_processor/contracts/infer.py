"""A contract proposed from samples: each constraint holds for the whole sample, and its reason is told."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from event_processor.contracts.columns import Column, Texts
from event_processor.json_document import escaped

_ROWS_FOR_EACH_VALUE: Final = 50
_LEAST_SEEN: Final = 5  # a value that was seen less often tells that there are others, not seen yet
_LATEST_NEW: Final = 0.25  # and so does one that came first when this part of the sample was through
_VERSION: Final = re.compile(r"\D{0,10}\d+(\.\d+)+", re.ASCII)  # the next release has another one
_SIZES: Final = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65535)  # the last: Redshift's longest
_UUID_BYTES: Final = 36
_OF_ANY_LENGTH: Final = frozenset({"email", "uri"})
_PERSONAL_WORDS: Final = frozenset({
    "address", "birth", "birthdate", "birthday", "dob", "email", "firstname", "fullname", "iban", "ip", "lastname",
    "mail", "mobile", "passport", "phone", "ssn", "street", "surname", "telephone",
})  # fmt: skip
_PERSONAL_PAIRS: Final = frozenset({"first name", "last name", "full name", "given name", "family name"})
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Note:
    """What was guessed about a field, and from what. It quotes values only where they become an enum."""

    pointer: str
    guess: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A JSON Schema of draft 2020-12 with the annotations of a contract, and why it says what it says."""

    document: dict[str, Any]
    notes: tuple[Note, ...]
    records: int


class Sample:
    """Records to propose a contract from, one after the other; none is kept, so there may be any number."""

    def __init__(self) -> None:
        self._whole = Column()

    def add(self, record: Any) -> None:
        """Take one record into account."""
        self._whole.add(record)

    def propose(self, subject: str) -> Proposal:
        """The contract that accepts all records so far, as version 1-0-0 of a subject."""
        proposing = _Proposing()
        document = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "x-subject": subject,
            "x-version": "1-0-0",
            **proposing.schema("", "", self._whole),
        }
        return Proposal(document, tuple(proposing.notes), self._whole.count)


class _Proposing:
    def __init__(self) -> None:
        self.notes: list[Note] = []

    def schema(self, pointer: str, name: str, column: Column) -> dict[str, Any]:
        """The schema for one place; `name` is that of the field it is in."""
        types = sorted(set(column.types) - ({"integer"} if "number" in column.types else set()))
        if not set(types) - {"null"}:
            return self._only_null(pointer, column)
        if len(set(types) - {"null"}) > 1:
            counts = ", ".join(f"{each} {column.types[each]:,}" for each in sorted(column.types))
            self._note(pointer, "several types", counts)
        found: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
        if "string" in types:
            found |= self._text(pointer, name, column)
        if "object" in types:
            found |= self._object(pointer, column)
        if "array" in types and column.items is not None and not column.is_map:
            found |= _if_any("items", self.schema(f"{pointer}/items", name, column.items))
        return found

    def _only_null(self, pointer: str, column: Column) -> dict[str, Any]:
        if not column.count:
            return {}
        self._note(pointer, "any type", f"only null was seen, {column.count:,} times")
        return {"description": "Only null was seen."}

    def _object(self, pointer: str, column: Column) -> dict[str, Any]:
        if column.is_map and column.items is not None:
            self._note(pointer, "a map", "too many names to be fields")
            return _if_any("additionalProperties", self.schema(f"{pointer}/additionalProperties", "", column.items))
        found: dict[str, Any] = {
            "properties": {
                name: self.schema(f"{pointer}/properties/{escaped(name)}", name, field)
                for name, field in column.fields.items()
            }
        }
        objects = column.types["object"]
        required = [name for name, field in column.fields.items() if field.count == objects]
        for name, field in column.fields.items():
            if field.count < objects:
                self._note(f"{pointer}/properties/{escaped(name)}", "optional", f"in {field.count:,} of {objects:,}")
        if required:
            self._note(f"{pointer}/required", ", ".join(required), f"in all {objects:,}")
        return found | _if_any("required", required)

    def _text(self, pointer: str, name: str, column: Column) -> dict[str, Any]:
        texts = column.texts
        personal = self._is_personal(pointer, name, texts)
        found: dict[str, Any] = {"x-pii": True} if personal else {}
        formats = texts.formats or frozenset()
        if formats:
            found["format"] = min(formats)
            self._note(pointer, f"format {found['format']}", f"all {texts.count:,} values")
        elif texts.numeric and texts.numeric + texts.empty == texts.count:
            found["description"] = "Numbers, sent as text" + (", or empty." if texts.empty else ".")
            self._note(
                pointer, "numbers sent as text", f"{texts.numeric:,} of {texts.count:,} values; the type stays string"
            )
        elif not personal and (values := self._enum(pointer, column)):
            return {"enum": values}
        return found | self._bytes(pointer, texts, formats)

    def _enum(self, pointer: str, column: Column) -> list[str | None]:
        texts = column.texts
        values = texts.values
        if not values or set(column.types) - {"string", "null"} or any(map(_VERSION.match, values)):
            return []
        least = min(values.values())
        if texts.count < _ROWS_FOR_EACH_VALUE * len(values) or least < _LEAST_SEEN:
            return []
        if texts.last_new > max(1, _LATEST_NEW * texts.count):
            return []
        evidence = (
            f"{len(values)} values in {texts.count:,}, each at least {least:,} times, none new after {texts.last_new:,}"
        )
        self._note(pointer, "enum", evidence)
        return [*sorted(values), *([None] if "null" in column.types else [])]

    def _bytes(self, pointer: str, texts: Texts, formats: frozenset[str]) -> dict[str, Any]:
        if "uuid" in formats:
            return {"x-max-bytes": _UUID_BYTES}
        if not texts.most_bytes or not formats <= _OF_ANY_LENGTH:
            return {}
        size = next((each for each in _SIZES if each >= 2 * texts.most_bytes), _SIZES[-1])
        if texts.most_bytes > size:
            self._note(pointer, "no x-max-bytes", f"up to {texts.most_bytes:,} bytes, more than a column of text holds")
            return {}
        return {"x-max-bytes": size}

    def _is_personal(self, pointer: str, name: str, texts: Texts) -> bool:
        words = [each.lower() for each in _WORD.findall(name)]
        by_name = _PERSONAL_WORDS.intersection(words) or _PERSONAL_PAIRS.intersection(map(" ".join, pairwise(words)))
        if texts.personal:
            self._note(pointer, "x-pii", f"{texts.personal:,} of {texts.count:,} values are e-mail or IP addresses")
        elif by_name:
            self._note(pointer, "x-pii", "its name")
        return bool(by_name or texts.personal)

    def _note(self, pointer: str, guess: str, evidence: str) -> None:
        self.notes.append(Note(pointer, guess, evidence))


def _if_any(keyword: str, value: Any) -> dict[str, Any]:
    return {keyword: value} if value else {}
