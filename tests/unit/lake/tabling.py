"""Contracts and streams as the tests of tables write them."""

from pathlib import Path
from typing import Any

from event_processor.contracts.contract import Contract
from event_processor.contracts.streams import Stream, Template

FIXTURES = Path(__file__).parents[2] / "fixtures"


def contract(subject: str, properties: dict[str, Any], required: tuple[str, ...] = (), **more: Any) -> Contract:
    """One that says this of the fields of an object."""
    document = {"x-subject": subject, "x-version": "1-0-0", "type": "object", "properties": properties}
    return Contract.compile(document | {"required": list(required)} | more)


def contract_of_file(subject: str) -> Contract:
    """The live version of a subject of the fixtures."""
    return Contract.read((FIXTURES / "contracts" / subject / "1-0-0.json").read_bytes())


def stream(contract: str, table: str | None, name: str = "s", **more: Any) -> Stream:
    """As a streams file has it."""
    return Stream(name, Template.parse(contract), table=Template.parse(table) if table else None, **more)


USER_EVENTS = stream("user-events", "tracking.events", "user-events", id="request_id", partition_key="cookie_id")
USER_UTM = stream("user-utm", "tracking.utm", "user-utm", id="request_id")
EVENTS = stream("event/{event_type}", "telemetry.events", "events", at="/event_data", id="event_id")
