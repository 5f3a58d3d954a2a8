"""Incidents as they are stored, for whoever is not the monitor: commands, and the page of a finding."""

from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.label_store import LabelStore
from event_processor.monitoring.labels import Label, LabelSet, LabelState, label_of
from event_processor.monitoring.ports import Files
from event_processor.monitoring.state import StateStore


def stored_incidents(files: Files) -> list[Incident]:
    """All that any monitor has stored, open ones first, then the newest first. Raises CallFailed."""
    found = {incident.id: incident for each in StateStore(files, "").others() for incident in each.incidents.all}
    return sorted(found.values(), key=lambda incident: (not incident.is_open, -incident.opened_at))


def label_incident(files: Files, incident: Incident, state: LabelState, author: str, note: str, now: int) -> LabelSet:
    """Say what all the buckets of an incident are, up to now. Raises CallFailed, and ValueError for a text too long."""
    return LabelStore(files).add([incident_label(incident, state, author, note, now)])


def incident_label(incident: Incident, state: LabelState, author: str, note: str, now: int) -> Label:
    """What is said of all the buckets of an incident. One that is open may have more of them by now than were stored.

    Raises ValueError for a text that is too long.
    """
    end = max(incident.end, now) if incident.is_open else incident.end
    return label_of(incident.first.series.key, incident.start, end, state, author, note, now)
