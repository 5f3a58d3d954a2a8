"""The labels that count, in immutable versions."""

from collections.abc import Iterable
from typing import Final

from event_processor.errors import CallFailed
from event_processor.monitoring.labels import Label, LabelSet
from event_processor.monitoring.ports import Files
from event_processor.monitoring.versions import NONE, Version, Versions

FOLDER: Final = "labels"


class LabelStore:
    """Reads the newest version, and writes the next. Each raises CallFailed."""

    def __init__(self, files: Files) -> None:
        self._versions = Versions(files, FOLDER)
        self._known, self._set = NONE, LabelSet()

    def latest(self) -> LabelSet:
        """The same object as before if nobody has labelled meanwhile."""
        found = self._versions.latest(self._known)
        if found.number != self._known.number:
            self._set, self._known = _read(found), found
        return self._set

    def add(self, labels: Iterable[Label]) -> LabelSet:
        """The version that has these, too."""
        new = list(labels)
        return _read(self._versions.change(lambda version: _read(version).with_(new).to_json()))


def _read(version: Version) -> LabelSet:
    try:
        return LabelSet.from_json(version.number, version.content)
    except ValueError as error:
        raise CallFailed("labels", "Unreadable", f"version {version.number}: {error}") from error
