"""The picture of a series: each thing is where it belongs, whatever the values are, and there is not too much of it."""

import pytest

from event_processor.metrics.metric import Metric, SeriesId
from event_processor.monitoring.finding import Finding
from event_processor.monitoring.history import nothing
from event_processor.monitoring.incidents import Incident, Incidents
from event_processor.monitoring.series import Series
from event_processor.monitoring.tracked import Tracked
from event_processor.status.series_picture import HEIGHT, WIDTH, Picture, of_incident, of_now

ID = SeriesId("orders", "records")
MINUTE = 60
START = 1_800_000_000


def tracked(*values: float | None, missing: frozenset[int] = frozenset()) -> Tracked:
    """A series that had these values, minute by minute, and its incidents."""
    found = Tracked(ID, Series(ID, MINUTE), 0)
    assert found.series is not None
    for number, value in enumerate(values):
        start = START + number * MINUTE
        if number in missing:
            continue
        evaluation = found.series.evaluate(Metric(ID, start, MINUTE, value, 1000, True, 0))
        assert evaluation is not None
        if evaluation.finding is not None:
            found.incidents.found(evaluation.finding, start)
    return found


def steady(count: int) -> list[float]:
    """Usual values."""
    return [1000.0 + number % 7 for number in range(count)]


def now(found: Tracked) -> Picture:
    """Its picture."""
    picture = of_now(found, nothing)
    assert picture is not None
    return picture


def numbers(text: str) -> list[tuple[float, float]]:
    """The points of a line."""
    return [(float(x), float(y)) for x, y in (each.split(",") for each in text.split())]


def test_a_finding_stands_out() -> None:
    """What was found has a mark and a bar in the bucket where it is, at its height, above all others."""
    picture = now(tracked(*steady(60), 9000.0))
    [mark], [(severity, bar)] = picture.marks, picture.incidents
    last = numbers(picture.lines[0])[-1]
    assert (mark.x, mark.y) == last
    assert mark.y == min(y for _, y in numbers(picture.lines[0]))
    assert (severity, bar.x + bar.width) == ("critical", WIDTH)
    assert mark.title.startswith("9,000, ")


def test_each_finding_of_an_incident_has_a_mark() -> None:
    """Not only the first and the latest, which an incident keeps."""
    picture = now(tracked(*steady(60), 9000.0, 9100.0, 9200.0))
    assert [mark.title.split(", ")[0] for mark in picture.marks] == ["9,000", "9,100", "9,200"]
    assert len(picture.incidents) == 1


def test_warming_up_and_then_a_band() -> None:
    """What came before there was a band is shaded, and the band begins where that ends."""
    picture = now(tracked(*steady(60)))
    [warming], [band] = picture.warming, picture.bands
    assert warming.x == 0
    assert warming.width == min(x for x, _ in numbers(band)) == WIDTH / 2
    assert not picture.marks


def test_a_gap_is_a_gap() -> None:
    """Where no bucket came, or one without a value, no line is drawn; a lone bucket is seen."""
    values = [*steady(10), None, 1001.0, None, *steady(10)]
    picture = now(tracked(*values, missing=frozenset({15})))
    assert [len(numbers(line)) for line in picture.lines] == [10, 2, 2, 7]


def test_what_is_labelled() -> None:
    """Buckets that people labelled are framed, from the first to the end of the last."""
    picture = of_now(tracked(*steady(60)), lambda start: START + 30 * MINUTE <= start < START + 36 * MINUTE)
    assert picture is not None
    [span] = picture.labelled
    assert (span.x, span.width) == (WIDTH / 2, WIDTH / 10)


def test_an_incident_and_what_was_around_it() -> None:
    """The picture of an incident of hours ago shows that time, and not now."""
    values = [*steady(200), 9000.0, *steady(200)]
    found = tracked(*values)
    [incident] = [each for each in found.incidents.all if each.start == START + 200 * MINUTE]
    picture = of_incident(found, incident, nothing)
    assert picture is not None
    assert picture.cursor is not None
    assert WIDTH / 2 < picture.cursor < WIDTH * 3 / 4
    assert any(mark.x == picture.cursor for mark in picture.marks)
    assert len(numbers(picture.lines[0])) < 200


def test_what_did_not_arrive() -> None:
    """A bucket that is missing has a bar behind the last one that came."""
    found = tracked(*steady(60))
    start = START + 60 * MINUTE
    silence = Finding("id", ID, start, MINUTE, None, None, None, None, 1.0, "silence", ("missing",), "critical")
    found.incidents = Incidents([Incident(silence, silence, start)])
    for picture in (now(found), of_incident(found, found.incidents.all[0], nothing)):
        assert picture is not None
        [(_, bar)] = picture.incidents
        assert bar.x > numbers(picture.lines[0])[-1][0]
        assert bar.x + bar.width == pytest.approx(WIDTH)


@pytest.mark.parametrize("value", [0.0, -5.0, 1e300, -1e300, 1e-300, 1.7e308, -1.7e308, None])
def test_any_value(value: float | None) -> None:
    """Whatever a sender sends, all of the picture is within it."""
    picture = now(tracked(*steady(50), value, *steady(3)))
    for line in (*picture.lines, *picture.bands):
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in numbers(line))
    assert all(0 <= mark.y <= HEIGHT for mark in picture.marks)


def test_nothing_to_see() -> None:
    """A series without buckets has no picture, and a finding whose buckets are forgotten has none either."""
    assert of_now(Tracked(ID, None, 0), nothing) is None
    found = tracked(*steady(5))
    old = Finding("id", ID, 0, MINUTE, None, None, None, None, 1.0, "silence", ("missing",), "critical")
    assert of_incident(found, Incident(old, old, 0), nothing) is None


def test_a_restart_keeps_the_picture() -> None:
    """The band and the findings are there after a restart, as they were."""
    found = tracked(*steady(60), 9000.0)
    again = Tracked.restore(found.state(), 0)
    assert now(again) == now(found)
    assert now(again).bands
    assert now(again).marks
