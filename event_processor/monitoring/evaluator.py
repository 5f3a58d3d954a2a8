"""Judges metrics, each by its series, and what did not come by its time. Reads no stream, and stores nothing."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from event_processor.clock import Clock
from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Refused
from event_processor.metrics.metric import Metric, SeriesId, time_text
from event_processor.monitoring.finding import Finding, bucket_words, finding_id
from event_processor.monitoring.given import Given
from event_processor.monitoring.incidents import SILENCE, Incident
from event_processor.monitoring.labels import TOLD_NOTHING
from event_processor.monitoring.ports import MonitorObserver, Taken
from event_processor.monitoring.records import metric_of
from event_processor.monitoring.series import Evaluation, Series
from event_processor.monitoring.silence import Deadlines
from event_processor.monitoring.state import PART_SERIES
from event_processor.monitoring.told import Teller
from event_processor.monitoring.tracked import Tracked
from event_processor.rejects.of_records import reject_of
from event_processor.rejects.reject import Reject

ARRIVING: Final = "metrics_arriving"
"""The name of what is not a series: that metrics arrive at all."""
_FORGOTTEN_SECONDS: Final = 30 * 86_400.0
_FORGET_SECONDS: Final = 60.0


class Evaluator:
    """The series, by key. `changed` has the parts that are to be stored, `urgent` those that are to be soon.

    `find` gives what somebody else knows of a series that is new here. For one thread; `tracked` may be read by others.
    """

    def __init__(
        self,
        stream: str,
        most_series: int,
        teller: Teller,
        clock: Clock,
        observer: MonitorObserver,
        find: Callable[[str], Tracked | None] = lambda _: None,
    ) -> None:
        self._most_series, self.teller, self._clock = most_series, teller, clock
        self._observer, self._find = observer, find
        self.tracked: dict[str, Tracked] = {}
        self.changed: dict[int, None] = {}
        self.urgent: dict[int, None] = {}
        self._given = Given()
        self._sizes: Counter[int] = Counter()
        self._deadlines = Deadlines[str](
            lambda key: self.tracked[key].arrival.expected_by if key in self.tracked else None
        )
        self._arriving = SeriesId(stream, ARRIVING)
        self._arrived_at = 0.0
        self._put_off: list[str] = []
        self._forget_at = 0.0

    # -- what is known already ----------------------------------------------------------------------------------------

    def load(self, known: Iterable[Tracked], now: float, *, ours: bool = True) -> None:
        """From the store: ours, or what others know of series that we do not. People hear what they did not yet."""
        for tracked in known:
            is_old = now - tracked.seen_at > _FORGOTTEN_SECONDS
            if tracked.key in self.tracked or is_old:
                continue
            self._add(tracked, None if not ours else tracked.part)
            self._arrived_at = max(self._arrived_at, tracked.arrival.until + tracked.arrival.late_seconds)
            self._deadlines.watch(tracked.key)
            for incident in tracked.incidents.all:
                self.teller.resume(incident, self._given.hushes, now)

    def part(self, number: int) -> list[Tracked]:
        """What is stored together."""
        return [tracked for tracked in self.tracked.values() if tracked.part == number]

    def note(self, tracked: Tracked) -> None:
        """Something of its incidents is to be stored soon."""
        self.changed[tracked.part] = self.urgent[tracked.part] = None

    def counts(self) -> tuple[int, int, int, int]:
        """See MonitorObserver.tracking."""
        series = [each for each in self.tracked.values() if each.series is not None]
        warming = sum(each.latest is not None and each.latest.warming is not None for each in series)
        severities = Counter(
            each.incidents.open.latest.severity for each in self.tracked.values() if each.incidents.open is not None
        )
        return len(series), warming, severities["critical"], severities["warning"]

    # -- what comes ---------------------------------------------------------------------------------------------------

    def take_record(self, record: StreamRecord, shard: str) -> Reject | None:
        """Judge the metric that a record of this shard is. Returns its reject if it is none."""
        now, arrived = self._clock.now(), record.arrived.timestamp()
        found = metric_of(record)
        if isinstance(found, Refused):
            self._observer.took(Taken.MALFORMED, 0.0, max(0.0, now.timestamp() - arrived))
            return reject_of(found, self._arriving.dataset, shard, record, now)
        self.take(found, arrived, now.timestamp())
        return None

    def take(self, metric: Metric, arrived: float, now: float) -> Taken:
        """Judge a metric that arrived then, seconds since 1970, and tell people of what is found."""
        started = self._clock.monotonic()
        try:
            taken = self._take(metric, arrived, now)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are judged
            self._observer.broken(error)
            taken = Taken.BROKEN
        self._observer.took(taken, self._clock.monotonic() - started, max(0.0, now - arrived))
        return taken

    def _take(self, metric: Metric, arrived: float, now: float) -> Taken:
        self._something_arrived(arrived, now)
        tracked = self._of(metric, now)
        if tracked is None or tracked.series is None:
            return Taken.REFUSED
        if tracked.series.bucket_seconds != metric.bucket_seconds:
            if metric.bucket_start < tracked.arrival.until:  # of before it changed, or of somebody else beside it
                return Taken.REPEATED
            tracked.series = Series(metric.series, metric.bucket_seconds)  # another series; it starts over
        given = self._given
        evaluation = tracked.series.evaluate(metric, given.model, given.labels.excluded(tracked.key))
        if evaluation is None:
            return Taken.REPEATED
        if tracked.arrival.saw(metric.bucket_start, metric.bucket_seconds, arrived):
            tracked.latest = evaluation
        tracked.seen_at = now
        self._deadlines.watch(tracked.key)
        self.changed[tracked.part] = None
        self._settle(tracked, metric, evaluation, now)
        return Taken.EVALUATED

    def _settle(self, tracked: Tracked, metric: Metric, evaluation: Evaluation, now: float) -> None:
        if evaluation.finding is not None:
            self._found(tracked, evaluation.finding, now)
            return
        incidents, moment = tracked.incidents, int(now)
        corrected = None if evaluation.supersedes is None else incidents.corrected(evaluation.supersedes, moment)
        over = corrected or incidents.calm(metric.bucket_start, moment)
        if over is not None:
            self._over(tracked, over)

    def _found(self, tracked: Tracked, finding: Finding, now: float) -> None:
        is_new = tracked.incidents.open is None
        if self._given.labels.state_at(tracked.key, finding.bucket_start) in TOLD_NOTHING and is_new:
            return
        incident = tracked.incidents.found(finding, int(now))
        self.changed[tracked.part] = None
        if is_new:
            self.urgent[tracked.part] = None
        self._observer.found(finding, is_new)
        self._label(tracked)
        self.teller.tell(incident, self._given.hushes, now)

    def _over(self, tracked: Tracked, incident: Incident) -> None:
        self.note(tracked)
        self._observer.over(incident)
        self.teller.over(incident)

    # -- what does not come -------------------------------------------------------------------------------------------

    def miss(self, now: float, read_until: float | None) -> None:
        """Tell of what should have come by now. All that arrived before `read_until` was taken; None: nothing was."""
        if read_until is None:
            return
        for key in self._deadlines.due(min(now, read_until)):
            tracked = self.tracked[key]
            due = tracked.arrival.until + tracked.arrival.step_seconds
            if self._arrived_at < due and len(self.tracked) > 1:  # nothing comes at all: that is one thing to tell
                self._put_off.append(key)
                self._miss_all(now)
            else:
                self._found(tracked, _missing(tracked), now)
                self._deadlines.watch(key, now + max(60.0, tracked.arrival.step_seconds))

    def _miss_all(self, now: float) -> None:
        key = self._arriving.key
        if key not in self.tracked:
            self._add(Tracked(self._arriving, None, 0, seen_at=now), None)
        if self.tracked[key].incidents.open is None:
            self._found(self.tracked[key], _nothing(self._arriving, self._arrived_at), now)

    def _something_arrived(self, arrived: float, now: float) -> None:
        self._arrived_at = max(self._arrived_at, arrived)
        for (
            key
        ) in self._put_off:  # as if what it waits for had come now: what is still missing then is missed by itself
            arrival = self.tracked[key].arrival if key in self.tracked else None
            if arrival is not None and arrival.expected_by is not None:
                self._deadlines.watch(key, now + arrival.expected_by - arrival.until)
        self._put_off.clear()
        arriving = self.tracked.get(self._arriving.key)
        if arriving is not None and (over := arriving.incidents.calm(int(arrived), int(now))):
            self._over(arriving, over)

    # -- what people say ----------------------------------------------------------------------------------------------

    def took_up(self, given: Given) -> None:
        """From now on these labels, hushes and this model count."""
        has_labels = given.labels is not self._given.labels
        self._given = given
        if has_labels:
            for tracked in self.tracked.values():
                self._label(tracked)
        model = given.model.hash if given.model is not None else None
        self._observer.took_up(given.labels.version, given.hushes.version, model)

    def _label(self, tracked: Tracked) -> None:
        incident = tracked.incidents.open
        if incident is None:
            return
        state = self._given.labels.state_at(tracked.key, incident.latest.bucket_start)
        if state is not None and state in TOLD_NOTHING and tracked.incidents.labelled(state.value):
            self._over(tracked, incident)

    # -- the series ---------------------------------------------------------------------------------------------------

    def _of(self, metric: Metric, now: float) -> Tracked | None:
        key = metric.series.key
        tracked = self.tracked.get(key)
        if tracked is None:
            tracked = self._find(key)
            if tracked is None or tracked.series is None:
                tracked = Tracked(metric.series, Series(metric.series, metric.bucket_seconds), 0)
            if len(self.tracked) >= self._most_series and not self._forget(now):
                return None
            self._add(tracked, None)
        return tracked

    def _add(self, tracked: Tracked, part: int | None) -> None:
        """Into this part, or the last one that has room."""
        if part is None:
            part = max(self._sizes, default=0)
            part += self._sizes[part] >= PART_SERIES
        tracked.part = part
        self._sizes[part] += 1
        self.tracked[tracked.key] = tracked

    def _forget(self, now: float) -> bool:
        """The series that nothing came of for long. Returns whether there are any; seldom looked at."""
        if now < self._forget_at:
            return False
        self._forget_at = now + _FORGET_SECONDS
        old = [each for each in self.tracked.values() if now - each.seen_at > _FORGOTTEN_SECONDS]
        for each in old:
            del self.tracked[each.key]
            self._sizes[each.part] -= 1
            self.changed[each.part] = None
        return bool(old)


def _missing(tracked: Tracked) -> Finding:
    start, seconds = tracked.arrival.until, tracked.bucket_seconds
    by = time_text(int(tracked.arrival.expected_by or 0))
    last = bucket_words(start - seconds, seconds)
    why = f"No {tracked.id.name} for {bucket_words(start, seconds)} by {by}; the last one is for {last}."
    return _silence(tracked.id, start, seconds, why)


def _nothing(arriving: SeriesId, arrived_at: float) -> Finding:
    since = time_text(int(arrived_at))
    why = f"No metric at all arrived on {arriving.dataset} since {since}: nothing is evaluated."
    return _silence(arriving, int(arrived_at), 60, why)


def _silence(series: SeriesId, start: int, seconds: int, why: str) -> Finding:
    return Finding(
        id=finding_id(series, start, SILENCE),
        series=series,
        bucket_start=start,
        bucket_seconds=seconds,
        value=None,
        expected=None,
        low=None,
        high=None,
        score=1.0,
        detector=SILENCE,
        reasons=(why,),
        severity="critical",
    )
