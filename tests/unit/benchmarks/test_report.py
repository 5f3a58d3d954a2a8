"""benchmarks.report: medians with their spread, targets, and what is written beside a README."""

import json
from pathlib import Path

import pytest

from benchmarks.report import Spread, Target, markdown, number, present, write_readme

ROWS = [
    {"contender": "lean", "events_per_second": Spread(21000.0, 20000.0, 22000.0), "cpu_us_per_event": 33.21},
    {"contender": "boto3", "events_per_second": Spread(9000.0, 9000.0, 9000.0), "cpu_us_per_event": None},
]
TARGETS = [Target("at most 0.45", "0.38", True), Target("at least 1.8 times", "1.7", False)]
README = "# Question\n\n<!-- recorded -->\nold\n<!-- /recorded -->\n\nWhat it means.\n"


def test_a_spread_is_not_moved_by_one_bad_round() -> None:
    """One slow round changes the spread that is shown, not the figure."""
    assert Spread.of([10.0, 11.0, 500.0]) == Spread(11.0, 10.0, 500.0)
    assert str(Spread.of([10.0, 11.0, 500.0])) == "11 (10 to 500)"


def test_a_single_measurement_shows_no_spread() -> None:
    """Nobody reads a spread into what was measured once."""
    assert str(Spread.of([7.25])) == "7.25"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (0.0123, "0.0123"), (0.9866, "0.987"), (9.5, "9.5"), (21034.4, "21,034")]
)
def test_numbers_are_shown_as_people_read_them(value: float, shown: str) -> None:
    """Three figures that matter, thousands apart."""
    assert number(value) == shown


def test_a_recorded_result_is_there_for_programs(tmp_path: Path) -> None:
    """`event-processor estimate capacity` finds medians, machine, date and the command in result.json."""
    (tmp_path / "README.md").write_text(README)

    present(tmp_path, "How fast?", "python -m benchmarks.any", ROWS, TARGETS, record=True)
    result = json.loads((tmp_path / "result.json").read_text())

    assert set(result) == {"question", "command", "recorded_at", "machine", "rows", "targets"}
    assert set(result["machine"]) == {"cpu", "cores", "python"}
    assert result["rows"][0]["events_per_second"] == {"median": 21000.0, "low": 20000.0, "high": 22000.0}
    assert result["targets"][1] == {"text": "at least 1.8 times", "measured": "1.7", "met": False}


def test_a_recorded_result_replaces_the_one_before(tmp_path: Path) -> None:
    """The README shows the last recording, and what was written around it stays."""
    (tmp_path / "README.md").write_text(README)

    for _ in range(2):
        write_readme(tmp_path, ROWS, TARGETS)
    text = (tmp_path / "README.md").read_text()

    assert "old" not in text
    assert text.count("| lean | 21,000 (20,000 to 22,000) | 33.2 |") == 1
    assert text.startswith("# Question\n")
    assert text.endswith("<!-- /recorded -->\n\nWhat it means.\n")


def test_a_missed_target_is_not_ticked() -> None:
    """Who reads the README sees which targets are kept and which are not."""
    text = markdown(ROWS, TARGETS)

    assert "- [x] at most 0.45: 0.38\n" in text
    assert "- [ ] at least 1.8 times: 1.7\n" in text


def test_a_readme_without_a_place_for_it_is_an_error(tmp_path: Path) -> None:
    """A recording that would go nowhere says so."""
    (tmp_path / "README.md").write_text("# Question\n")

    with pytest.raises(ValueError, match="markers"):
        write_readme(tmp_path, ROWS, TARGETS)


def test_a_run_that_is_not_recorded_leaves_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make bench-quick` prints its tables and touches nothing."""
    present(tmp_path, "How fast?", "python -m benchmarks.any", ROWS, TARGETS, record=False)

    assert list(tmp_path.iterdir()) == []
    assert "21,000" in capsys.readouterr().out
