"""Waiting for a stream that is not complete yet."""

from functools import partial
from typing import Any

from sensor_fleet.audit import read_all
from sensor_fleet.generator import Generator, Options
from sensor_fleet.oracle import Oracle
from sensor_fleet.reader import StreamReader
from sensor_fleet.report import Report
from tests.unit.sensor_fleet import scripted_kinesis
from tests.unit.sensor_fleet.published import publish
from tests.unit.sensor_fleet.scripted_kinesis import ScriptedKinesis

PLAN = Generator(Options(seed=1, spoil=0, events=(1, 1))).submission(0).plan
FIRST, SECOND = [put.data.decode() for put in publish([PLAN]).puts]


answer = partial(scripted_kinesis.answer, key=PLAN.device_id)


def _audited(wait_seconds: float, *answers: dict[str, Any]) -> Report:
    oracle = Oracle()
    oracle.plan(PLAN)
    oracle.confirm(PLAN.submission_id)
    client: Any = ScriptedKinesis({"a": []}, {"a": list(answers)})
    read_all([StreamReader(client, "events", oracle)], oracle, wait_seconds, lambda _found: None)
    return oracle.report()


def test_what_is_missing_is_waited_for() -> None:
    """An event that comes after the first look at the stream is found when there is time to wait."""
    assert _audited(600, answer(FIRST), answer(), answer(SECOND), answer()).passed


def test_waiting_comes_to_an_end() -> None:
    """When the time is up, what is missing by then is missing."""
    assert _audited(0, answer(FIRST), answer(), answer(SECOND), answer()).violations["missing"] == 1


def test_what_comes_after_the_last_event_is_found() -> None:
    """A stream that is complete is read to its end once more, for what should not be there."""
    report = _audited(600, answer(FIRST, SECOND), answer(), answer("rubbish"), answer())

    assert report.violations["unexpected"] == 1
