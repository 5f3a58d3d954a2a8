"""Incidents as they are stored, for whoever is not the monitor: commands, and the page of a finding."""

from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import Label, LabelSet, LabelState
from event_processor.monitoring.ports import Files
from event_processor.monitoring.state import StateStore


def stored_incidents(files: Files) -> list[Incident]:
    """All that any monitor has stored, open ones first, then the newest first. Raises CallFailed."""
    found = {incident.id: incident for each in StateStore(files, "").others() for incident in each.incidents.all}
    return sorted(found.values(), key=lambda incident: (not incident.is_open, -incident.opened_at))


def label_incident(files: Files, incident: Incident, state: LabelState, author: str, note: str, now: int) -> LabelSet:
    """Say what all the buckets of an incident are, up to now. Raises CallFailed."""
    label = Label(incident.first.series.key, incident.start, incident.end, state, author, note, now)
    return LabelStore(files).add([label])
