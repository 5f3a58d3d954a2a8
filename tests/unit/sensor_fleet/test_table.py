"""The table: an engineer on call sees the figures, the first violations and the verdict."""

from rich.console import Console

from sensor_fleet.generator import Generator, Options
from sensor_fleet.report import Report
from sensor_fleet.table import show
from tests.unit.sensor_fleet.published import judge, publish

PLANS = [Generator(Options(seed=1)).submission(index).plan for index in range(3)]


def _shown(report: Report) -> str:
    console = Console(width=200)
    with console.capture() as shown:
        show(report, console)
    return shown.get()


def test_a_passed_audit_shows_its_figures() -> None:
    """What was expected and found is there, and the last word is the verdict."""
    report = judge(PLANS, publish(PLANS))
    lines = _shown(report).splitlines()

    assert any("events expected" in line and str(report.expected) in line for line in lines)
    assert lines[-1] == "passed"


def test_a_failed_audit_names_the_event() -> None:
    """A missing event is shown with its submission and position."""
    stream = publish(PLANS)
    del stream.puts[0]
    shown = _shown(judge(PLANS, stream))

    assert PLANS[0].submission_id in shown
    assert "not on the stream" in shown
    assert shown.splitlines()[-1] == "FAILED"
