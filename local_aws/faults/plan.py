"""Fault plans: which faults are on during which time, and which actions are done when. TOML or JSON."""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from local_aws.faults.action import Action
from local_aws.faults.kinds import SECONDS, WHOLE_NUMBER, Kind
from local_aws.faults.settings import Faults

_Entry = TypeVar("_Entry")


@dataclass(frozen=True)
class Phase:
    """Faults that are on from ``start_seconds``, counted from the plan's start, for ``duration_seconds``."""

    start_seconds: float
    duration_seconds: float
    faults: Faults

    @property
    def end_seconds(self) -> float:
        """When the phase is over."""
        return self.start_seconds + self.duration_seconds


@dataclass(frozen=True)
class Moment:
    """An action and when it is due, counted from the plan's start."""

    at_seconds: float
    action: Action


@dataclass(frozen=True)
class Plan:
    """Phases, which may overlap, and actions. After the last phase nothing of the plan is on."""

    phases: tuple[Phase, ...] = ()
    moments: tuple[Moment, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Self:
        """From a TOML file. Raises ValueError, naming the file and the key, and OSError."""
        try:
            return cls.from_text(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From TOML, or from JSON when it starts with a brace. Raises ValueError."""
        return cls.from_json(json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text))

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """From ``seed``, ``phase`` and ``action``. Raises ValueError."""
        allowed = ("seed", "phase", "action")
        if unknown := [key for key in values if key not in allowed]:
            raise ValueError(f"unknown key {unknown[0]!r}, allowed are {', '.join(allowed)}")
        seed = _take(dict(values), "seed", WHOLE_NUMBER, 0)
        return cls(
            tuple(_entries(values, "phase", lambda phase: _phase(phase, seed))),
            tuple(_entries(values, "action", _moment)),
        )


def _entries(values: Mapping[str, object], key: str, parse: Callable[[dict[str, Any]], _Entry]) -> list[_Entry]:
    tables = values.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{key}: must be a list of tables, written [[{key}]]")
    entries = []
    for number, table in enumerate(tables, start=1):
        try:
            entries.append(parse(dict(table)))
        except ValueError as error:
            raise ValueError(f"{key} {number}: {error}") from error
    return entries


def _phase(table: dict[str, Any], seed: int) -> Phase:
    start_seconds = _take(table, "start", SECONDS)
    duration_seconds = _take(table, "duration", SECONDS)
    return Phase(start_seconds, duration_seconds, Faults.from_json(table, seed=seed))


def _moment(table: dict[str, Any]) -> Moment:
    return Moment(_take(table, "at", SECONDS), Action.from_json(table))


def _take(table: dict[str, Any], key: str, kind: Kind, default: object = None) -> Any:
    value = table.pop(key, default)
    if value is None:
        raise ValueError(f"the key {key!r} is missing")
    try:
        kind.check(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    return value
