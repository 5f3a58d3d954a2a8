"""streams.yaml: which streams there are, and what is to be known of each (docs/contracts.md)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from event_processor.contracts.streams import TEMPLATE_WORDS, Stream, Template
from event_processor.errors import SettingsError
from event_processor.settings.values import STREAM_NAME
from event_processor.text import one_line

_POINTER: Final = r"^(/([^~/]|~[01])*)*$"
_FIELD: Final = r"^[^/{}|]{1,200}$"
_LONGEST: Final = 100
_ALLOWED: Final = {
    "contract": TEMPLATE_WORDS,
    "table": TEMPLATE_WORDS,
    "at": "a JSON pointer such as /event_data",
    "id": "the name of a field",
    "partition_key": "the name of a field",
    "rejects": "store, count",
}


def _template(text: str) -> str:
    Template.parse(text)
    return text


_TemplateText = Annotated[str, AfterValidator(_template)]
_FieldName = Annotated[str, Field(pattern=_FIELD)]
_StreamName = Annotated[str, Field(pattern=STREAM_NAME)]


class _Written(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    contract: _TemplateText
    at: Annotated[str, Field(pattern=_POINTER)] = ""
    id: _FieldName | None = None
    partition_key: _FieldName | None = None
    table: _TemplateText | None = None
    rejects: Literal["store", "count"] = "store"

    def stream(self, name: str) -> Stream:
        """As the jobs know it."""
        table = None if self.table is None else Template.parse(self.table)
        return Stream(name, Template.parse(self.contract), self.at, self.id, self.partition_key, table, self.rejects)


_STREAMS: Final = TypeAdapter(Annotated[dict[_StreamName, _Written], Field(min_length=1)])


def read_streams(setting: str) -> dict[str, Stream]:
    """The streams by name, of a file or of its content as JSON, which is for tasks and functions that have no files.

    Raises SettingsError, a line for each mistake.
    """
    is_content = setting.startswith("{")
    place = "STREAMS_FILE" if is_content else setting
    document = _document(setting if is_content else _content(Path(setting)), place)
    if not isinstance(document, dict) or set(document) != {"streams"}:
        raise SettingsError(
            f"{place}: was {_shown(document)}; allowed: `streams:` alone, with each stream below it by name"
        )
    try:
        written = _STREAMS.validate_python(document["streams"])
    except ValidationError as error:
        raise SettingsError("\n".join(f"{place}: {line}" for line in _complaints(error))) from None
    return {name: each.stream(name) for name, each in written.items()}


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"STREAMS_FILE: {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"{path}: no YAML: {one_line(str(error))}") from None


def _document(text: str, place: str) -> Any:
    from event_processor.settings.strict_yaml import read_yaml  # noqa: PLC0415  # for those who have streams.yaml

    try:
        return read_yaml(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{place}: no YAML: {one_line(str(error))}") from None


def _complaints(error: ValidationError) -> Iterator[str]:
    for details in error.errors(include_url=False):
        names = [str(step) for step in details["loc"] if step != "[key]"]
        where = one_line(".".join(["streams", *names]), 2 * _LONGEST)
        key = names[1] if len(names) > 1 else ""
        match details["type"]:
            case "missing":
                yield f"{where}: is missing; allowed: {_ALLOWED[key]}"
            case "extra_forbidden":
                yield f"{where}: no such key; allowed: {', '.join(_Written.model_fields)}"
            case _:
                yield f"{where}: was {_shown(details['input'])}; allowed: {_allowed(key, details['loc'])}"


def _allowed(key: str, place: tuple[int | str, ...]) -> str:
    if key:
        return _ALLOWED[key]
    if "[key]" in place:
        return "names of 1 to 128 letters, digits, _, . and -"
    return f"the keys {', '.join(_Written.model_fields)}" if place else "streams by name, at least one"


def _shown(value: Any) -> str:
    return one_line(repr(value), _LONGEST)
