"""What people are told of an incident: one notice, which goes on until it is over; and who has heard it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, Protocol

from event_processor.monitoring.finding import Finding, bucket_words, number_words
from event_processor.monitoring.hushes import Hushes
from event_processor.monitoring.incidents import Incident
from event_processor.monitoring.tracked import Tracked
from event_processor.notices.notice import Key, Kind, Message, Notice, Severity, State
from event_processor.notices.ports import Notices
from event_processor.rejects.reject import Reject

_SEVERITIES: Final = {"critical": Severity.CRITICAL, "warning": Severity.WARNING}


class LastingNotices(Notices, Protocol):
    """What the monitor tells its notices to."""

    def remember(self, notice: Notice, ago_seconds: Mapping[str, float]) -> None:
        """An earlier process has told this, by channel so long ago: it goes on, and is over when that is said."""


def key_of(incident: Incident) -> Key:
    """The same for as long as it lasts, whatever is found of the series meanwhile."""
    first = incident.first
    return Key(Kind.FINDING, first.series.dataset, first.series.key, first.detector)


def notice_of(incident: Incident, status_url: str | None) -> Notice:
    """Of its latest finding. `status_url` is where the status page is."""
    key, finding = key_of(incident), incident.latest
    why = finding.reasons[0] if finding.reasons else "not as expected"
    return Notice(
        kind=key.kind,
        subject=key.subject,
        pointer=key.pointer,
        code=key.code,
        title=f"{finding.series.key}: {why}",
        fields=tuple(_fields(incident, finding)),
        link=f"{status_url.rstrip('/')}{page_of(incident.id)}" if status_url else "",
        severity=_SEVERITIES[finding.severity],
    )


def page_of(incident_id: str) -> str:
    """The path of its page, below that of the status page."""
    return f"/findings/{incident_id}"


def _fields(incident: Incident, finding: Finding) -> Iterator[tuple[str, str]]:
    yield "Finding", incident.id
    yield "Bucket", bucket_words(finding.bucket_start, finding.bucket_seconds)
    if finding.value is not None:
        yield "Value", number_words(finding.value)
    if finding.expected is not None:
        yield "Expected", expected_words(finding)
    if finding.reasons:
        yield "Why", " ".join(finding.reasons)
    if incident.findings > 1:
        since = datetime.fromtimestamp(incident.start, UTC)
        yield "Since", f"{since:%Y-%m-%d %H:%M} UTC, in {incident.findings:,} buckets"
    yield "Severity", finding.severity


def expected_words(finding: Finding) -> str:
    """Such as `812, from 700 to 930`."""
    expected = "-" if finding.expected is None else number_words(finding.expected)
    if finding.low is None or finding.high is None:
        return expected
    return f"{expected}, from {number_words(finding.low)} to {number_words(finding.high)}"


class Teller:
    """Tells people of incidents, unless somebody said that they need not hear."""

    def __init__(self, notices: LastingNotices, status_url: str | None) -> None:
        self._notices, self._status_url = notices, status_url
        self.news: SimpleQueue[News] = SimpleQueue()
        """What channels have accepted, until somebody takes it up."""

    def tell(self, incident: Incident, hushes: Hushes, now: float) -> None:
        """It is there, or still there."""
        is_hushed = incident.id in hushes.acknowledged or hushes.snoozed(incident.first.series.key, now)
        if incident.is_new and not is_hushed:
            self._notices.tell(notice_of(incident, self._status_url))

    def over(self, incident: Incident) -> None:
        """It is over: people hear so if they heard of it."""
        self._notices.recovered(key_of(incident))

    def resume(self, incident: Incident, hushes: Hushes, now: float) -> None:
        """It was there before this process: told by an earlier one, or not told yet."""
        if incident.told:
            ago = {channel: max(0.0, now - at) for channel, at in incident.told.items()}
            self._notices.remember(notice_of(incident, self._status_url), ago)
            if not incident.is_new:
                self.over(incident)
        else:
            self.tell(incident, hushes, now)

    def malformed(self, rejects: Sequence[Reject], stream: str) -> None:
        """Records that are not metrics; they are stored."""
        for reject in rejects:
            fault = reject.faults[0]
            self._notices.tell(
                Notice(
                    kind=Kind.REJECT,
                    subject=stream,
                    pointer=fault.pointer,
                    code=fault.reason.value,
                    title=f"{stream}: a record is not a metric: {fault.detail}",
                    fields=(("Record", reject.origin.id),),
                )
            )

    def notified(self, channel: str, message: Message) -> None:
        """See NoticeObserver: called by the threads that tell."""
        for entry in (*message.entries, *message.rest):
            if entry.notice.kind is Kind.FINDING:
                self.news.put(News(channel, entry.notice.pointer, entry.state is State.RECOVERED))

    def take_up(self, tracked: Mapping[str, Tracked], now: float) -> list[Tracked]:
        """What was accepted is noted with the incidents, so that no later process tells it again. Returns which."""
        changed = []
        with suppress(Empty):
            while True:
                news = self.news.get_nowait()
                if (each := tracked.get(news.series)) is not None and each.incidents.all:
                    _note(each.incidents.all, news, int(now))
                    changed.append(each)
        return changed


class News(NamedTuple):
    """A channel has told people of a series: that something is wrong, or that it is over."""

    channel: str
    series: str
    is_over: bool


def _note(incidents: Sequence[Incident], news: News, now: int) -> None:
    if not news.is_over:
        incidents[-1].told[news.channel] = now
        return
    for incident in incidents:
        if not incident.is_new:
            incident.told.pop(news.channel, None)
