"""The page of a finding: what it is, why, and a form to say what it was, for who has the key."""

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from event_processor.errors import CallFailed
from event_processor.monitoring.finding import bucket_words, value_words
from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.labels import Label, LabelSet, LabelState
from event_processor.monitoring.told import expected_words, page_of
from event_processor.monitoring.tracked import Tracked
from event_processor.status.documents import Documents
from event_processor.status.http_messages import MORE, Answer, Request
from event_processor.status.page import moment
from event_processor.status.series_picture import of_incident
from event_processor.status.server import Made
from event_processor.status.templating import read_template

_PATH: Final = page_of("")
_HTML: Final = "text/html; charset=utf-8"
_ALLOW: Final = (("Allow", "GET, HEAD, POST"),)
_MOST_TEXT: Final = 1_000
_MOST_SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages work with. `tracked` may change while it is read; `label` stores a label, and raises CallFailed.

    Without a `key` nobody labels here.
    """

    tracked: Callable[[], Mapping[str, Tracked]]
    labels: Callable[[], LabelSet]
    label: Callable[[Incident, LabelState, str, str], None]
    key: str | None


class FindingPages:
    """Answers requests for pages of findings."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._documents = Documents()  # of their own: a state that hangs must not hold up metrics

    def respond(self, request: Request) -> Made | None:
        """None for another path."""
        if not request.path.startswith(_PATH):
            return None
        incident_id = request.path.removeprefix(_PATH)
        if request.method in {"GET", "HEAD"}:
            return self._documents.get(
                (incident_id, request.query), partial(self._page, incident_id, request.query), 0.0
            )
        if request.method != "POST":
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, body=b'{"error": "Method Not Allowed"}', headers=_ALLOW)
        if request.body is None:
            return MORE
        return self._documents.get(object(), partial(self._label, incident_id, request.body), 0.0)

    def _page(self, incident_id: str, query: str) -> Answer:
        found = self._find(incident_id)
        if found is None:
            return _answer(HTTPStatus.NOT_FOUND, "There is no such finding any more.")
        tracked, incident = found
        said = "Labelled. It counts within seconds." if query == "labelled" else ""
        return _answer(HTTPStatus.OK, said, tracked, incident, self._desk)

    def _label(self, incident_id: str, body: bytes) -> Answer:
        fields = {name: values[0][:_MOST_TEXT] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if self._desk.key is None or not hmac.compare_digest(fields.get("key", "").encode(), self._desk.key.encode()):
            return _answer(HTTPStatus.FORBIDDEN, "That is not the key: nothing was labelled.")
        found = self._find(incident_id)
        if found is None:
            return _answer(HTTPStatus.NOT_FOUND, "There is no such finding any more: nothing was labelled.")
        if fields.get("state") not in {state.value for state in LabelState}:
            return _answer(HTTPStatus.BAD_REQUEST, "The state is none of those: nothing was labelled.")
        try:
            self._desk.label(
                found[1],
                LabelState(fields["state"]),
                fields.get("author", "").strip()[:_MOST_SHOWN],
                fields.get("note", "").strip()[:_MOST_SHOWN],
            )
        except CallFailed as failure:
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, f"The label could not be stored: {failure}")
        return Answer(HTTPStatus.SEE_OTHER, headers=(("Location", f"{incident_id}?labelled"),))

    def _find(self, incident_id: str) -> tuple[Tracked, Incident] | None:
        for tracked in list(self._desk.tracked().values()):
            for incident in tracked.incidents.all:
                if incident.id == incident_id:
                    return tracked, incident
        return None


def _answer(
    status: HTTPStatus,
    said: str,
    tracked: Tracked | None = None,
    incident: Incident | None = None,
    desk: Desk | None = None,
) -> Answer:
    labels = desk.labels() if desk else LabelSet()
    picture = of_incident(tracked, incident, labels.excluded(tracked.key)) if tracked and incident else None
    page = _TEMPLATE.render(
        picture=picture,
        title=incident.first.series.key if incident else "Finding",
        said=said,
        is_good=status is HTTPStatus.OK,
        reasons=incident.latest.reasons if incident else (),
        facts=list(_facts(incident)) if incident else [],
        others=list(_others(tracked, incident)) if tracked and incident else [],
        labels=[_label_row(label) for label in labels.of(tracked.key)] if tracked else [],
        states=[state.value for state in LabelState] if desk and desk.key else [],
        is_labelled_by_command=desk is not None and desk.key is None,
        incident_id=incident.id if incident else "",
    )
    return Answer(status, _HTML, page.encode(), has_form=True)


def _facts(incident: Incident) -> Iterator[tuple[str, str]]:
    latest = incident.latest
    yield "Bucket", bucket_words(latest.bucket_start, latest.bucket_seconds)
    yield "Value", value_words(latest.series.name, latest.value)
    yield "Expected", expected_words(latest)
    yield "Score", f"{latest.score:.3g}"
    yield "Found by", latest.detector
    yield "Severity", latest.severity
    yield "Since", f"{moment(incident.start)} UTC, in {incident.findings:,} buckets"
    over = "" if incident.closed_at is None else f" at {moment(incident.closed_at)} UTC"
    yield "State", f"{incident.state}{over}"
    yield "Told", ", ".join(f"{channel} at {moment(at)}" for channel, at in incident.told.items()) or "-"


def _others(tracked: Tracked, incident: Incident) -> Iterator[tuple[str, str, str]]:
    for other in reversed(tracked.incidents.all):
        if other is not incident:
            yield moment(other.start), other.state, " ".join(other.latest.reasons[:1])


def _label_row(label: Label) -> tuple[str, ...]:
    return moment(label.start), moment(label.end), label.state.value, label.author, label.note


_TEMPLATE: Final = read_template("event_processor.status", "finding.html")
