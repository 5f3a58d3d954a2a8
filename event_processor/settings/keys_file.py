"""The keys of a gateway: whose they are, and what each may send (docs/gateway.md)."""

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from event_processor.errors import SettingsError
from event_processor.gateway.keys import Key, Keys, hash_of
from event_processor.settings.documents import read_document, shown_value
from event_processor.settings.values import STREAM_NAME
from event_processor.text import one_line

VARIABLE: Final = "GATEWAY_KEYS"
_NAME_WORDS: Final = "1 to 64 letters, digits, _, . and -"
_LONGEST: Final = 200
_MOST_RECORDS: Final = 1_000_000
_ALLOWED: Final = {
    "sha256": "the SHA-256 of the secret, in 64 digits from 0 to f",
    "streams": "`all`, or a list of streams of the streams file",
    "rate": f"records a second, a number above 0, up to {_MOST_RECORDS}",
    "segment": "a stream of the streams file",
}


class _Written(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    streams: Literal["all"] | list[str] = []
    rate: Annotated[float, Field(gt=0, le=_MOST_RECORDS)] | None = None
    segment: str | None = None

    def key(self, name: str, streams: Iterable[str]) -> Key:
        """As the gateway knows it."""
        allowed = frozenset(streams if self.streams == "all" else self.streams)
        return Key(name, bytes.fromhex(self.sha256), allowed, self.rate or inf, self.segment)


_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
_KEYS: Final = TypeAdapter(Annotated[dict[_Name, _Written], Field(min_length=1)])
_NAMES: Final = TypeAdapter(_Name)
_STREAM_NAMES: Final = TypeAdapter(Annotated[str, Field(pattern=STREAM_NAME)])


def read_keys(setting: str, streams: Iterable[str]) -> Keys:
    """Of a file, or of its content as JSON. Raises SettingsError, a line for each mistake."""
    place, document = read_document(setting, VARIABLE)
    try:
        written = _KEYS.validate_python(document)
    except ValidationError as error:
        raise SettingsError("\n".join(f"{place}: {line}" for line in _complaints(error))) from None
    if mistakes := [f"{place}: {line}" for line in _contradictions(written, frozenset(streams))]:
        raise SettingsError("\n".join(mistakes))
    return Keys(each.key(name, streams) for name, each in written.items())


def written_key(name: str, secret: str, streams: Sequence[str]) -> list[str]:
    """The lines of a new key, for these streams or for all if there are none. Raises SettingsError for a bad name."""
    for text, kind in ((name, _NAMES), *((stream, _STREAM_NAMES) for stream in streams)):
        try:
            kind.validate_python(text)
        except ValidationError:
            raise SettingsError(f"{shown_value(text)} is not a name; allowed: {_NAME_WORDS}") from None
    listed = f"[{', '.join(streams)}]" if streams else "all"
    return [f"{name}:", f"  sha256: {hash_of(secret).hex()}", f"  streams: {listed}"]


def _contradictions(written: dict[str, _Written], streams: frozenset[str]) -> Iterator[str]:
    by_hash: dict[str, str] = {}
    for name, key in written.items():
        for stream in {*(key.streams if key.streams != "all" else ()), *filter(None, [key.segment])} - streams:
            yield f"{name}: {shown_value(stream)} is not in the streams file"
        if not key.streams and key.segment is None:
            yield f"{name}: may send nothing: there is neither streams nor segment"
        if (other := by_hash.setdefault(key.sha256, name)) != name:
            yield f"{name}: has the secret of {other}"


def _complaints(error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_url=False):
        place = [str(step) for step in details["loc"]]
        key = place[1] if len(place) > 1 else ""
        where = one_line(".".join(place[:2]) or "the file", _LONGEST)
        match details["type"]:
            case "missing":
                yield f"{where}: is missing; allowed: {_ALLOWED[key]}"
            case "extra_forbidden":
                yield f"{where}: no such word; allowed: {', '.join(_Written.model_fields)}"
            case _:
                yield f"{where}: {_was(key, details['input'])}allowed: {_allowed(key, details['loc'])}"


def _was(key: str, value: Any) -> str:
    return "" if key == "sha256" else f"was {shown_value(value)}; "  # who mistakes it may have put the secret there


def _allowed(key: str, place: tuple[int | str, ...]) -> str:
    if key in _ALLOWED:
        return _ALLOWED[key]
    if "[key]" in place:
        return f"names of {_NAME_WORDS}"
    return f"the words {', '.join(_Written.model_fields)}" if place else "keys by name, at least one"
