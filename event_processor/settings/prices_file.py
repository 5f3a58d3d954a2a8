"""A file of one's own prices, for `estimate capacity --prices` (docs/sizing.md)."""

from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from event_processor.errors import SettingsError
from event_processor.estimate.prices import NEEDED, OPTIONAL, PriceList
from event_processor.settings.documents import read_document
from event_processor.text import one_line

_OPTION: Final = "--prices"


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")

    region: Annotated[str, Field(min_length=1)]
    read_on: date
    source: Annotated[str, Field(min_length=1)]
    prices: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]


def read_prices(setting: str, today: date) -> PriceList:
    """Of a YAML file. Raises SettingsError: there is no price without a source and the day it was read on."""
    place, document = read_document(setting, _OPTION)
    try:
        written = _Written.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise SettingsError(f"{place}: {where}: {one_line(first['msg'])}") from None
    names = {*NEEDED, *OPTIONAL}
    if missing := [name for name in NEEDED if name not in written.prices]:
        raise SettingsError(f"{place}: prices: missing: {', '.join(missing)}")
    if unknown := sorted(written.prices.keys() - names):
        raise SettingsError(f"{place}: prices: {one_line(', '.join(unknown))}: allowed: {', '.join(sorted(names))}")
    if written.read_on > today:
        raise SettingsError(f"{place}: read_on: was {written.read_on}; allowed: up to today, {today}")
    return PriceList(written.region, written.read_on, written.source, written.prices, is_own=True)
