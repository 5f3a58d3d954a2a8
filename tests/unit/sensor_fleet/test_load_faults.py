"""Faults of a load: what is sent, as seen from outside, before, during and after."""

from collections import Counter
from collections.abc import Sequence

import orjson
import pytest

from sensor_fleet.door.faults import KINDS, Faults, LoadFault, parse_fault
from sensor_fleet.tracking.generator import TrackingGenerator, TrackingOptions
from sensor_fleet.tracking.plan import TrackingRecord, digest
from sensor_fleet.tracking.streams import STREAMS

NUMBER = 400


class Seconds:
    """A clock that is told how late it is."""

    now = 0.0

    def __call__(self) -> float:
        """As of now."""
        return self.now


def sent(text: str, at: float, number: int = NUMBER) -> Sequence[TrackingRecord]:
    """What goes out for so many records, all at that second of the run."""
    clock, generator = Seconds(), TrackingGenerator(TrackingOptions(seed=7, visitors=40), STREAMS["user-events"])
    faults = Faults([parse_fault(text)], 7, clock)
    list(faults.records(generator, 0))
    clock.now = at
    return [record for index in range(number) for record in faults.records(generator, index)]


def values(records: Sequence[TrackingRecord]) -> Counter[bytes]:
    """How often each content was sent, whatever its id."""
    contents = [orjson.loads(each.data) for each in records]
    return Counter(orjson.dumps({k: v for k, v in each.items() if k != "request_id"}) for each in contents)


@pytest.mark.parametrize("kind", KINDS)
def test_only_between_its_seconds(kind: str) -> None:
    """Before and after, what is sent is what a fleet without faults sends."""
    plain = [each.data for each in sent("partial:900-901", 0.0)]
    assert [each.data for each in sent(f"{kind}:10-20", 9.9)] == plain
    assert [each.data for each in sent(f"{kind}:10-20", 20.0)] == plain
    assert [each.data for each in sent(f"{kind}:10-20", 15.0)] != plain


@pytest.mark.parametrize("kind", KINDS)
def test_each_record_is_what_its_plan_says(kind: str) -> None:
    """So that the audit still holds: plans have the digest of what is sent, and ids repeat where that is the fault."""
    found = sent(f"{kind}:10-20", 15.0)
    assert all(each.plan.digest == digest(each.data) and not each.plan.faults for each in found)
    assert all(orjson.loads(each.data)["request_id"] == each.plan.message_id for each in found)
    ids = Counter(each.plan.message_id for each in found)
    assert (max(ids.values()) > 1) == (kind == "duplicate")


def test_what_each_does() -> None:
    """Half of the devices is silent; half is not sent; all is, twice; five times as much; the same again and again."""
    whole = {each.partition_key for each in sent("partial:900-901", 0.0)}
    silent = sent("silence:10-20:0.5", 15.0)
    assert 0.25 < len({each.partition_key for each in silent}) / len(whole) < 0.75
    assert Counter(each.partition_key for each in silent).keys() < whole
    assert 0.4 < len(sent("partial:10-20", 15.0)) / NUMBER < 0.6
    assert 0.7 < len(sent("drift:10-20:0.5", 14.0)) / NUMBER < 0.9
    assert 0.5 < len(sent("drift:10-20:0.5", 19.0)) / NUMBER < 0.65
    assert len(sent("duplicate:10-20", 15.0)) == 2 * NUMBER
    assert len(sent("spike:10-20", 15.0)) == 5 * NUMBER
    assert 1.4 < len(sent("shift:10-:1.5", 1e6)) / NUMBER < 1.6
    assert len(values(sent("frozen:10-20", 15.0))) == 1
    assert len(values(sent("frozen:10-20", 9.0))) == NUMBER
    fields = [len(orjson.loads(each.data)) for each in sent("nulls:10-20", 15.0)]
    assert max(fields) < max(len(orjson.loads(each.data)) for each in sent("nulls:10-20", 9.0))


@pytest.mark.parametrize(
    "text", ["", "rain:1-2", "spike", "spike:5-5", "spike:5-4", "spike:a-b", "partial:1-2:1.5", "silence:1-2:0"]
)
def test_plans_that_make_no_sense(text: str) -> None:
    """A wrong plan is refused, with what is right."""
    with pytest.raises(ValueError, match=r"such as|There are|must be"):
        parse_fault(text)


def test_without_an_end() -> None:
    """A level shift lasts."""
    assert parse_fault("shift:60-") == LoadFault("shift", 60.0, float("inf"), 2.0)
