"""Which records of a stream are about a subject: its template, the other way round. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from event_processor.contracts.streams import Part, Template, is_subject

_MOST_WAYS: Final = 64  # alternatives in several parts multiply

Fields = Mapping[str, str | None]
"""What fields of a record have for a value; None for null or absent."""


def ways_to(template: Template, subject: str) -> list[Fields]:
    """What a record may have in its fields to be about this subject; none if none can be. Of many, the first ones.

    A slash in a subject separates parts wherever it can.
    """
    if template.is_fixed:
        return [{}] if template.text == subject else []
    for length in range(len(template.parts), 0, -1):
        kept, absent = template.parts[:length], template.parts[length:]
        if not any(part.fields for part in kept) or not all(part.fields for part in absent):
            continue
        texts = _texts(kept, subject)
        if texts is not None:
            nothing = {field: None for part in absent for field in part.fields}
            return list(_ways(kept, texts, nothing))
    return []


def schema_of(ways: Sequence[Fields]) -> dict[str, Any]:
    """A JSON Schema for a record with fields in one of these ways."""
    found = [
        {
            "properties": {name: {"type": "null"} if text is None else {"const": text} for name, text in way.items()},
            "required": [name for name, text in way.items() if text is not None],
        }
        for way in ways
    ]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _texts(parts: Sequence[Part], subject: str) -> list[str] | None:
    """The text of each part's field, if the subject can be made of these parts."""
    patterns = [f"{re.escape(part.before)}{'(.+?)' if part.fields else ''}{re.escape(part.after)}" for part in parts]
    found = re.fullmatch("/".join(patterns), subject)
    return list(found.groups()) if found and all(map(is_subject, found.groups())) else None


def _ways(parts: Sequence[Part], texts: Sequence[str], nothing: Fields) -> Iterator[Fields]:
    """Each of a part's fields may have the text, if those before it have nothing."""
    alternatives = [
        [{**dict.fromkeys(part.fields[:place]), field: text} for place, field in enumerate(part.fields)]
        for part, text in zip((part for part in parts if part.fields), texts, strict=True)
    ]
    for number, chosen in enumerate(product(*alternatives)):
        if number == _MOST_WAYS:
            return
        way: dict[str, str | None] = dict(nothing)
        for fields in chosen:
            if any(name in way and way[name] != text for name, text in fields.items()):
                break  # the same field in two parts, with two texts
            way |= fields
        else:
            yield way
