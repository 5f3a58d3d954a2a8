"""The envelope of a request: which bytes of it are records, exactly as they came, and their partition keys. Pure."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from event_processor.gateway.json_text import JsonText
from event_processor.json_document import parsed

_SPACE: Final = b" \t\r\n"
MOST_RECORDS: Final = 500  # as in PutRecords
MOST_KEY_CHARACTERS: Final = 256  # API reference, PutRecords
T = TypeVar("T")


@dataclass(slots=True)
class Offer:
    """A record that a client offers: the very bytes of its data, and its partition key if the client names one.

    `document` is what the data says, if that was read already.
    """

    data: bytes
    key: str | None
    document: Any = field(default=None, compare=False)


class BadEnvelope(ValueError):
    """What stands around the records is wrong: in words, and the pointer to it."""

    def __init__(self, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.pointer = pointer


def one_record(body: bytes) -> Offer:
    """Of `{"Data": ..., "PartitionKey": "..."}`. Raises BadEnvelope."""
    found = _as_written(body, _ONE)
    return found[0] if found else _read(body, lambda reader: reader.offer("Data", "PartitionKey", ""))


def many_records(body: bytes) -> list[Offer]:
    """Of `{"records": [{"data": ..., "partition-key": "..."}, ...]}`, 1 to MOST_RECORDS. Raises BadEnvelope."""
    return _as_written(body, _MANY) or _read(body, _Reader.offers)


def is_key(value: Any) -> bool:
    """Whether Kinesis takes it as a partition key."""
    if not isinstance(value, str) or not 0 < len(value) <= MOST_KEY_CHARACTERS:
        return False
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


class _Style(NamedTuple):
    """How an envelope is written, but for what is in it: what it begins and ends with, and what stands between."""

    begin: bytes
    key: bytes
    between: bytes
    end: bytes


_ONE: Final = (
    _Style(b'{"Data": ', b', "PartitionKey": "', b"", b"}"),
    _Style(b'{"Data":', b',"PartitionKey":"', b"", b"}"),
)
_MANY: Final = (
    _Style(b'{"records": [{"data": ', b', "partition-key": "', b'}, {"data": ', b"}]}"),
    _Style(b'{"records":[{"data":', b',"partition-key":"', b'},{"data":', b"}]}"),
)


def _as_written(body: bytes, styles: Sequence[_Style]) -> list[Offer] | None:
    """Of an envelope as nearly all clients write it, in a third of the time; None for any other, and for a faulty one.

    What stands where a record must stand is parsed as a whole: then it is the value that stands there, since JSON can
    be read in one way only.
    """
    body = body.strip(_SPACE)
    style = next((each for each in styles if body.startswith(each.begin) and body.endswith(each.end)), None)
    if style is None:
        return None
    inner = body[len(style.begin) : -len(style.end)]
    texts = inner.split(style.between) if style.between else [inner]
    try:
        return [_offer(text, style) for text in texts] if len(texts) <= MOST_RECORDS else None
    except ValueError:
        return None


def _offer(text: bytes, style: _Style) -> Offer:
    data, mark, rest = text.rpartition(style.key)
    key = rest[:-1].decode() if mark else None
    if key is None:
        data = rest
    elif rest[-1:] != b'"' or '"' in key or "\\" in key or not key.isprintable() or not is_key(key):
        raise ValueError
    data = data.strip(_SPACE)
    return Offer(data, key, parsed(data))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)


class _Reader(JsonText):
    def __init__(self, text: str) -> None:
        super().__init__(text, _DECODER)

    def offer(self, data: str, key: str, pointer: str) -> Offer:
        """The object here, of these two members."""
        found: bytes | None = None
        partition_key: str | None = None
        for name in self.members(pointer):
            if name == data:
                start = self.at
                self.value()
                found = self.text[start : self.at].encode()
            elif name == key:
                partition_key = _key(self.value(), f"{pointer}/{key}")
            else:
                raise BadEnvelope(f"only {data} and {key} may be here", pointer)
        if found is None:
            raise BadEnvelope(f"there is no {data}", f"{pointer}/{data}")
        return Offer(found, partition_key)

    def offers(self) -> list[Offer]:
        """The object here, whose one member is a list of objects."""
        found: list[Offer] = []
        for name in self.members(""):
            if name != "records":
                raise BadEnvelope("only records may be here")
            for number in self._items("/records"):
                if number == MOST_RECORDS:
                    raise BadEnvelope(f"there are more than {MOST_RECORDS} records", "/records")
                found.append(self.offer("data", "partition-key", f"/records/{number}"))
        if not found:
            raise BadEnvelope("there are no records", "/records")
        return found

    def members(self, pointer: str) -> Iterator[str]:
        """The names in the object here, none of them twice. Whoever asks reads the value before the next."""
        if self.next() != "{":
            raise BadEnvelope("this is not a JSON object", pointer)
        seen: set[str] = set()
        for name, _ in self.names():
            if name in seen:
                raise BadEnvelope("a name appears twice in this object", pointer)
            seen.add(name)
            yield name

    def _items(self, pointer: str) -> Iterator[int]:
        if self.next() != "[":
            raise BadEnvelope("this is not a list", pointer)
        yield from self.items()


def _read(body: bytes, read: Callable[[_Reader], T]) -> T:
    try:
        reader = _Reader(body.decode())
        found = read(reader)
        reader.end()
    except BadEnvelope:
        raise
    except UnicodeDecodeError:
        raise BadEnvelope("the body is not UTF-8") from None
    except RecursionError:
        raise BadEnvelope("the body is nested too deeply") from None
    except ValueError as error:  # names the fault and the place, never the text
        raise BadEnvelope(f"the body is not JSON: {error}") from None
    return found


def _key(value: Any, pointer: str) -> str | None:
    """Null is as good as absent."""
    if value is not None and not is_key(value):
        raise BadEnvelope("a partition key is a text of 1 to 256 characters", pointer)
    return None if value is None else str(value)
