"""The verdict on one bucket: guards first, then the rule, and a promoted model's word on both. Pure."""

from typing import Final, NamedTuple

from event_processor.metrics.metric import Metric
from event_processor.monitoring.baseline import comparisons, limits, needed, rule, score_of, usual_band
from event_processor.monitoring.deviations import Band
from event_processor.monitoring.features import Sight, features_of
from event_processor.monitoring.finding import Finding, bucket_words, finding_id, number_words, value_words
from event_processor.monitoring.guards import Alarm, guard
from event_processor.monitoring.history import History
from event_processor.monitoring.model import Model

LABELS_TO_QUIET: Final = 20
"""A model trained on fewer labelled incidents takes no finding away."""


class Verdict(NamedTuple):
    """What was found, and what was usual."""

    finding: Finding | None
    band: Band | None
    score: float
    warming: tuple[int, int] | None


def judge(history: History, place: int, metric: Metric, value: float, sight: Sight, model: Model | None) -> Verdict:
    """Of a bucket that is not in the history yet."""
    least = needed(metric.bucket_seconds)
    warming = (place, least) if place < least else None
    limit = limits(history, place, metric.bucket_start)
    band = None if warming else usual_band(sight, limit)
    alarm = guard(history, place, sight, value, metric.series.name)
    notes: list[str] = []
    if band is not None and alarm is None:
        alarm = rule(sight, limit)
        if model is not None:
            alarm = _with_model(model, features_of(history, place, sight), alarm, notes)
    if alarm is None:
        return Verdict(None, band, score_of(sight, limit) if band else 0.0, warming)
    reasons = (_sentence(metric, alarm, band), *notes, *(comparisons(sight, history) if band else ()))
    if warming:
        reasons += (f"The baseline is warming up, {warming[0]} of {warming[1]} buckets.",)
    return Verdict(_finding(metric, alarm, band, reasons), band, alarm.score, warming)


def _with_model(model: Model, features: list[float], alarm: Alarm | None, notes: list[str]) -> Alarm | None:
    score = model.score(features)
    if score >= model.threshold:
        said = f"The model {model.hash[:8]} scores it {score:.3g}; a finding is {model.threshold:.3g} or more"
        notes.append(f"{said}. {model.why(features)}")
        why = "unusual, according to the model"
        return alarm or Alarm(model.detector, "warning", score / model.threshold if model.threshold > 0 else 1.0, why)
    quiet = model.quiet_below is not None and score < model.quiet_below and model.labels >= LABELS_TO_QUIET
    return None if quiet else alarm


def _sentence(metric: Metric, alarm: Alarm, band: Band | None) -> str:
    """With the very value and bucket."""
    value = value_words(metric.series.name, metric.value)
    said = f"{value} in {bucket_words(metric.bucket_start, metric.bucket_seconds)}"
    if band is not None:
        low, high = number_words(band.low), number_words(band.high)
        return f"{said}; expected {number_words(band.expected)} ({low} to {high}): {alarm.why}."
    expected = "" if alarm.expected is None else f"; expected {number_words(alarm.expected)}"
    return f"{said}{expected}: {alarm.why}."


def _finding(metric: Metric, alarm: Alarm, band: Band | None, reasons: tuple[str, ...]) -> Finding:
    return Finding(
        id=finding_id(metric.series, metric.bucket_start, alarm.detector),
        series=metric.series,
        bucket_start=metric.bucket_start,
        bucket_seconds=metric.bucket_seconds,
        value=metric.value,
        expected=band.expected if band else alarm.expected,
        low=band.low if band else None,
        high=band.high if band else None,
        score=alarm.score,
        detector=alarm.detector,
        reasons=reasons,
        severity=alarm.severity,
    )
