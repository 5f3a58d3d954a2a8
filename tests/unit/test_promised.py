"""What docs/versions.md promises by name: all that version 1.0.0 had is still there. More may come."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click
from pydantic_settings import BaseSettings

from event_processor.commands.main import main
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.monitor import MonitorSettings
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.telemetry import gateway_telemetry, inspector_telemetry, lake_telemetry, monitor_telemetry
from event_processor.telemetry.run_telemetry import CATALOGUE
from event_processor.verdict import Reason

Names = dict[str, list[str]]
PROMISED: Final[dict[str, Names]] = json.loads(Path(__file__).with_suffix(".json").read_text())
_SETTINGS: Final[Mapping[str, type[BaseSettings]]] = {
    "run": SubmissionsSettings,
    "gateway": GatewaySettings,
    "inspect": InspectionSettings,
    "deliver": DeliverySettings,
    "monitor": MonitorSettings,
}
_CATALOGUES: Final = (
    CATALOGUE,
    gateway_telemetry.CATALOGUE,
    inspector_telemetry.CATALOGUE,
    lake_telemetry.CATALOGUE,
    monitor_telemetry.CATALOGUE,
)


def test_settings_commands_and_reasons_of_1_0_0_are_still_there() -> None:
    """Who upgrades within a major version needs to rename no setting and no option, and knows every reason code."""
    for kind in ("settings", "commands", "words"):
        now = present()[kind]
        gone = {name: sorted(set(words) - set(now.get(name, ()))) for name, words in PROMISED[kind].items()}
        assert [f"{kind}: {name} {words}" for name, words in gone.items() if words or name not in now] == []


def test_metrics_of_1_0_0_are_as_they_were() -> None:
    """Dashboards and alerts of others go on working: each metric has its name, its kind and its labels."""
    now = present()["metrics"]

    assert [name for name, kind in PROMISED["metrics"].items() if now.get(name) != kind] == []


def present() -> dict[str, Names]:
    """What there is now, in the form of what is promised."""
    return {
        "settings": {job: sorted(name.upper() for name in kind.model_fields) for job, kind in _SETTINGS.items()},
        "metrics": {spec.full_name: [spec.kind, *spec.labels] for each in _CATALOGUES for spec in each},
        "commands": dict(_commands(main, "event-processor")),
        "words": {"reasons": sorted(Reason)},
    }


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, list[str]]]:
    yield path, sorted(option for each in command.params if isinstance(each, click.Option) for option in each.opts)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from _commands(below, f"{path} {name}")
