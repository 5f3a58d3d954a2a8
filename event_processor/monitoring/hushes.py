"""What people do not want to hear of for now: series that somebody snoozed, incidents that somebody acknowledged."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from event_processor.errors import CallFailed
from event_processor.monitoring.labels import matches
from event_processor.monitoring.ports import Files
from event_processor.monitoring.versions import NONE, Version, Versions

FOLDER: Final = "hushes"
_KEPT_SECONDS: Final = 90 * 86_400  # an acknowledgement, whether its incident is over or not
_Text = Annotated[str, Field(max_length=500)]


class Snooze(BaseModel):
    """Findings of these series are not told before `until`. A key, or a pattern with `*` for any text."""

    model_config = ConfigDict(frozen=True)

    series: _Text
    until: int
    author: _Text


class Acknowledgement(BaseModel):
    """Of this incident people hear only that it is over."""

    model_config = ConfigDict(frozen=True)

    incident: _Text
    at: int
    author: _Text


@dataclass(frozen=True, slots=True)
class Hushes:
    """All that counts, as of one version."""

    version: int = 0
    snoozes: tuple[Snooze, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    acknowledged: frozenset[str] = field(default=frozenset())
    """The ids of incidents."""

    def snoozed(self, key: str, now: float) -> bool:
        """Whether nobody wants to hear of the series now."""
        return any(now < each.until and matches(each.series, key) for each in self.snoozes)


class _Document(BaseModel):
    snoozes: list[Snooze]
    acknowledgements: list[Acknowledgement]


class HushStore:
    """Reads the newest version, and writes the next. Each raises CallFailed."""

    def __init__(self, files: Files) -> None:
        self._versions = Versions(files, FOLDER)
        self._known, self._hushes = NONE, Hushes()

    def latest(self) -> Hushes:
        """The same object as before if nothing has changed."""
        found = self._versions.latest(self._known)
        if found.number != self._known.number:
            self._hushes, self._known = _read(found), found
        return self._hushes

    def snooze(self, series: str, until: int, author: str, now: int) -> Hushes:
        """Until then; a time that has passed ends a snooze."""
        new = [Snooze(series=series, until=until, author=author)] if until > now else []

        def change(version: Version) -> bytes:
            hushes = _read(version)
            kept = [each for each in hushes.snoozes if each.until > now and each.series != series]
            return _written(snoozes=[*kept, *new], acknowledgements=hushes.acknowledgements)

        return _read(self._versions.change(change))

    def acknowledge(self, incident: str, author: str, now: int) -> Hushes:
        """Somebody is on it."""
        new = Acknowledgement(incident=incident, at=now, author=author)

        def change(version: Version) -> bytes:
            hushes = _read(version)
            kept = [
                each for each in hushes.acknowledgements if each.at > now - _KEPT_SECONDS and each.incident != incident
            ]
            return _written(snoozes=hushes.snoozes, acknowledgements=[*kept, new])

        return _read(self._versions.change(change))


def _written(**parts: Any) -> bytes:
    rows = {name: [each.model_dump() for each in part] for name, part in parts.items()}
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n"


def _read(version: Version) -> Hushes:
    if not version.number:
        return Hushes()
    try:
        document = _Document.model_validate_json(version.content)
    except ValidationError as error:
        raise CallFailed("hushes", "Unreadable", f"version {version.number}: {error}") from error
    acknowledged = frozenset(each.incident for each in document.acknowledgements)
    return Hushes(version.number, tuple(document.snoozes), tuple(document.acknowledgements), acknowledged)
