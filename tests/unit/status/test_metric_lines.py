"""Pages of thousands of metrics: what is wrong first, found by name, a page at a time; and the leaderboard."""

from concurrent.futures import Future

import pytest

from event_processor.errors import CallFailed
from event_processor.monitoring.given import LEADERBOARD, Given
from event_processor.monitoring.tracked import Tracked
from event_processor.status.http_messages import Answer, Request
from event_processor.status.metric_lines import BOARD, SeriesPages, worst_first
from tests.monitors import WRONG, MemoryFiles, Scene, by_rule, metric

__all__ = ["by_rule"]
pytestmark = pytest.mark.usefixtures("by_rule")


def watched(count: int) -> dict[str, Tracked]:
    """Series, of which number 7 is wrong."""
    scene = Scene()
    scene.minute(0, *(metric(0, WRONG if number == 7 else 10.0, name=f"n{number:04}") for number in range(count)))
    return scene.monitor.evaluator.tracked


def ask(pages: SeriesPages, path: str, query: str = "") -> tuple[int, str]:
    """Status and text of the answer."""
    made = pages.respond(Request("GET", path, query))
    assert isinstance(made, Answer | Future)
    answer = made.result(60) if isinstance(made, Future) else made
    return answer.status, answer.body.decode()


def test_what_is_wrong_is_first_and_the_rest_a_page_away() -> None:
    """Of many, fifty are on a page; the one that is wrong leads them, with a link to its finding."""
    tracked = watched(120)
    pages = SeriesPages(lambda: tracked, Given, MemoryFiles().get)
    status, first = ask(pages, "/series")
    assert (status, first.count("<svg class")) == (200, 50)
    assert "1 to 50 of 120" in first
    assert first.index("orders/n0007") < first.index("orders/n0000")
    assert f'<a href="findings/{tracked["orders/n0007"].incidents.all[0].id}">' in first
    _, last = ask(pages, "/series", "from=100")
    assert (last.count("<svg class"), "101 to 120 of 120" in last, ">more<" in last) == (20, True, False)
    assert worst_first(list(tracked.values()))[0].key == "orders/n0007"


def test_search() -> None:
    """What is looked for is a text of the name, and comes back as text; nonsense finds nothing."""
    tracked = watched(120)
    pages = SeriesPages(lambda: tracked, Given, MemoryFiles().get)
    assert "1 to 10 of 10" in ask(pages, "/series", "like=n001")[1]
    for query in (
        "like=%3Cb%3E",
        "like=n001&from=99999",
        "like=n001&from=-1",
        "from=%D9%A3&like=%00",
        "like=x&from=1e9",
    ):
        status, page = ask(pages, "/series", query)
        assert (status, "<b>" in page.replace("<b>orders", "")) == (200, False)


def test_the_leaderboard() -> None:
    """The page that training has written, as it is; before that, how to train; and a state that is down is told."""
    files = MemoryFiles()
    pages = SeriesPages(dict, Given, files.get)
    status, text = ask(pages, BOARD)
    assert (status, "monitor train" in text) == (404, True)
    files.put(LEADERBOARD, b"<!doctype html>forest")
    assert ask(SeriesPages(dict, Given, files.get), BOARD) == (200, "<!doctype html>forest")

    def fail(name: str) -> bytes:
        raise CallFailed("get_object", "Down", name)

    assert ask(SeriesPages(dict, Given, fail), BOARD)[0] == 503


def test_other_requests_are_others() -> None:
    """Forms and other paths are not for these pages."""
    pages = SeriesPages(dict, Given, MemoryFiles().get)
    assert pages.respond(Request("POST", "/series")) is None
    assert pages.respond(Request("GET", "/metrics")) is None
