"""streams.yaml: which streams there are, and what is to be known of each (docs/contracts.md)."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from event_processor.contracts.streams import TEMPLATE_WORDS, Stream, Template
from event_processor.errors import SettingsError
from event_processor.settings.documents import read_document, shown_value
from event_processor.settings.values import STREAM_NAME
from event_processor.text import one_line

_POINTER: Final = r"^(/([^~/]|~[01])*)*$"
_FIELD: Final = r"^[^/{}|]{1,200}$"
_COLUMN: Final = r"^[a-z_][a-z0-9_]{0,126}$"
_METRIC: Final = r"^[a-z][a-z0-9_]{0,63}$"
_LONGEST_SQL: Final = 10_000
_LONGEST: Final = 100
_ALLOWED: Final = {
    "contract": TEMPLATE_WORDS,
    "table": TEMPLATE_WORDS,
    "at": "a JSON pointer such as /event_data",
    "id": "the name of a field",
    "partition_key": "the name of a field",
    "rejects": "store, count",
    "dimension": "the name of a column of the table",
    "metrics": "questions in SQL by name, of 1 to 64 characters a-z, 0-9 and _",
}


def _template(text: str) -> str:
    Template.parse(text)
    return text


_TemplateText = Annotated[str, AfterValidator(_template)]
_FieldName = Annotated[str, Field(pattern=_FIELD)]
_Column = Annotated[str, Field(pattern=_COLUMN)]
_MetricName = Annotated[str, Field(pattern=_METRIC)]
_Sql = Annotated[str, Field(min_length=1, max_length=_LONGEST_SQL)]
_StreamName = Annotated[str, Field(pattern=STREAM_NAME)]


class _Written(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    contract: _TemplateText
    at: Annotated[str, Field(pattern=_POINTER)] = ""
    id: _FieldName | None = None
    partition_key: _FieldName | None = None
    table: _TemplateText | None = None
    rejects: Literal["store", "count"] = "store"
    dimension: _Column | None = None
    metrics: dict[_MetricName, _Sql] = {}

    def stream(self, name: str) -> Stream:
        """As the jobs know it."""
        table = None if self.table is None else Template.parse(self.table)
        contract, metrics = Template.parse(self.contract), tuple(self.metrics.items())
        return Stream(
            name, contract, self.at, self.id, self.partition_key, table, self.rejects, self.dimension, metrics
        )


_STREAMS: Final = TypeAdapter(Annotated[dict[_StreamName, _Written], Field(min_length=1)])


def read_streams(setting: str) -> dict[str, Stream]:
    """The streams by name, of a file or of its content as JSON. Raises SettingsError, a line for each mistake."""
    place, document = read_document(setting, "STREAMS_FILE")
    if not isinstance(document, dict) or set(document) != {"streams"}:
        raise SettingsError(
            f"{place}: was {shown_value(document)}; allowed: `streams:` alone, with each stream below it by name"
        )
    try:
        written = _STREAMS.validate_python(document["streams"])
    except ValidationError as error:
        raise SettingsError("\n".join(f"{place}: {line}" for line in _complaints(error))) from None
    return {name: each.stream(name) for name, each in written.items()}


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
                yield f"{where}: was {shown_value(details['input'])}; allowed: {_allowed(key, details['loc'])}"


def _allowed(key: str, place: tuple[int | str, ...]) -> str:
    if key:
        return _ALLOWED[key]
    if "[key]" in place:
        return "names of 1 to 128 letters, digits, _, . and -"
    return f"the keys {', '.join(_Written.model_fields)}" if place else "streams by name, at least one"
