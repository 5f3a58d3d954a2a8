"""What people and training give the monitor while it runs: labels, what is hushed, the promoted model."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import orjson

from event_processor.errors import CallFailed
from event_processor.monitoring.hushes import Hushes, HushStore
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import LabelSet
from event_processor.monitoring.model import Model
from event_processor.monitoring.ports import ABSENT, Files
from event_processor.telling import StepObserver, attempt

PROMOTED: Final = "models/promoted.json"
LEADERBOARD: Final = "models/leaderboard.html"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Given:
    """What counts now."""

    labels: LabelSet = field(default_factory=LabelSet)
    hushes: Hushes = field(default_factory=Hushes)
    model: Model | None = None


class Giving:
    """Looks whether something else counts. What cannot be read stays as it was. For one thread."""

    def __init__(self, files: Files, observer: StepObserver) -> None:
        self._files, self._observer = files, observer
        self._labels, self._hushes = LabelStore(files), HushStore(files)
        self._content = b""
        self.current = Given()

    def look(self) -> Given:
        """What counts now: the same object if nothing has changed."""
        before = self.current
        labels = self._read("labels", self._labels.latest, before.labels)
        hushes = self._read("hushes", self._hushes.latest, before.hushes)
        model = self._read("model", self._model, before.model)
        if (labels, hushes, model) != (before.labels, before.hushes, before.model):
            self.current = Given(labels, hushes, model)
        return self.current

    def _read(self, step: str, read: Callable[[], T], before: T) -> T:
        found = attempt(self._observer, step, read)
        return before if isinstance(found, CallFailed) else found

    def _model(self) -> Model | None:
        """The promoted one, if there is one."""
        try:
            content = self._files.get(PROMOTED)
        except CallFailed as failure:
            if failure.code == ABSENT:
                self._content = b""
                return None
            raise
        if content == self._content:
            return self.current.model
        try:
            model = Model.from_json(orjson.loads(content)["model"])
        except (ValueError, TypeError, KeyError) as error:
            raise CallFailed("model", "Unreadable", f"{PROMOTED}: {type(error).__name__}: {error}") from error
        self._content = content
        return model
