"""One line for each metric, what is wrong first: the first of them on the status page, all on pages of their own."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlencode

from event_processor.errors import CallFailed
from event_processor.monitoring.finding import number_words
from event_processor.monitoring.given import LEADERBOARD, Given
from event_processor.monitoring.ports import ABSENT
from event_processor.monitoring.told import page_of
from event_processor.monitoring.tracked import Tracked
from event_processor.status.documents import Documents
from event_processor.status.http_messages import Answer, Request
from event_processor.status.page import MetricLine, moment
from event_processor.status.series_picture import of_now
from event_processor.status.server import Made
from event_processor.status.templating import read_template

ALL: Final = "/series"
BOARD: Final = "/leaderboard"
_A_PAGE: Final = 50
_MOST_TEXT: Final = 200
_HTML: Final = "text/html; charset=utf-8"
_SEVERITIES: Final = ("critical", "warning")
_UNTRAINED: Final = b"Nothing was trained yet: event-processor monitor train makes the leaderboard.\n"


def worst_first(tracked: Sequence[Tracked]) -> list[Tracked]:
    """Open findings, critical ones before warnings, then what is nearest to the edge of its band."""
    return sorted(tracked, key=_order)


def metric_line(tracked: Tracked, given: Given) -> MetricLine:
    """What is known of it now, with its picture."""
    incident, evaluation = tracked.incidents.open, tracked.latest
    value = "-"
    if evaluation is not None:
        value = "no value" if evaluation.value is None else number_words(evaluation.value)
    return MetricLine(
        name=tracked.key,
        url=page_of(incident.id)[1:] if incident else "",
        picture=of_now(tracked, given.labels.excluded(tracked.key)),
        value=value,
        band=_band(tracked),
        state=_state(tracked),
        when=moment(tracked.arrival.until) if tracked.arrival.until else "",
        severity=incident.latest.severity if incident else "",
    )


class SeriesPages:
    """Answers requests for pages of lines, by what their names contain, and for the leaderboard.

    `tracked` may change while it is read; `read` gives an object of MONITOR_STATE, and raises CallFailed.
    """

    def __init__(
        self, tracked: Callable[[], Mapping[str, Tracked]], given: Callable[[], Given], read: Callable[[str], bytes]
    ) -> None:
        self._tracked, self._given, self._read = tracked, given, read
        self._documents = Documents()

    def respond(self, request: Request) -> Made | None:
        """None for another path."""
        if request.method not in {"GET", "HEAD"}:
            return None
        if request.path == BOARD:
            return self._documents.get(BOARD, self._board, 1.0)
        if request.path == ALL:
            return self._documents.get((ALL, request.query), partial(self._page, request.query), 0.0)
        return None

    def _page(self, query: str) -> Answer:
        asked = {name: values[0][:_MOST_TEXT] for name, values in parse_qs(query).items()}
        text, first = asked.get("like", ""), _number(asked.get("from", ""))
        found = worst_first([each for each in list(self._tracked().values()) if text in each.key])
        given = self._given()
        page = _TEMPLATE.render(
            lines=[metric_line(each, given) for each in found[first : first + _A_PAGE]],
            text=text,
            said=f"{min(first + 1, len(found)):,} to {min(first + _A_PAGE, len(found)):,} of {len(found):,}",
            before=_address(text, max(0, first - _A_PAGE)) if first else "",
            after=_address(text, first + _A_PAGE) if first + _A_PAGE < len(found) else "",
        )
        return Answer(HTTPStatus.OK, _HTML, page.encode(), has_form=True)

    def _board(self) -> Answer:
        """As training has written it."""
        try:
            return Answer(HTTPStatus.OK, _HTML, self._read(LEADERBOARD))
        except CallFailed as failure:
            if failure.code == ABSENT:
                return Answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", _UNTRAINED)
            said = f"The leaderboard cannot be read: {failure}\n".encode()
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", said)


def _order(tracked: Tracked) -> tuple[int, float, str]:
    incident, evaluation = tracked.incidents.open, tracked.latest
    severity = _SEVERITIES.index(incident.latest.severity) if incident else len(_SEVERITIES)
    return severity, -evaluation.score if evaluation else 0.0, tracked.key


def _band(tracked: Tracked) -> str:
    evaluation = tracked.latest
    if evaluation is None or evaluation.low is None or evaluation.high is None:
        return "no band"
    return f"{number_words(evaluation.low)} to {number_words(evaluation.high)}"


def _state(tracked: Tracked) -> str:
    if (incident := tracked.incidents.open) is not None:
        return f"{incident.latest.severity}: {incident.latest.detector}"
    evaluation = tracked.latest
    if evaluation is not None and evaluation.warming is not None:
        had, needed = evaluation.warming
        return f"warming up, {had} of {needed}"
    return "as expected" if evaluation is not None else "no metric since the start"


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < len("1000000000") else 0


def _address(text: str, first: int) -> str:
    return f"{ALL[1:]}?{urlencode({'like': text, 'from': first})}"


_TEMPLATE: Final = read_template("event_processor.status", "series.html")
