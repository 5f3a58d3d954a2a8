"""tools.plots: pictures for a README."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools import plots

LABELS = ["1,000", "10,000"]


def a_line_plot(path: Path) -> None:
    """A plot with two scales."""
    plots.lines(path, "By depth", "messages", "events/s", LABELS, {"lean": [2e4, None]}, {"CPU µs": [33.0, 34.0]})


def a_bar_plot(path: Path) -> None:
    """A plot of the same with bars side by side."""
    plots.bars(path, "By depth", "messages", "events/s", LABELS, {"lean": [2e4, None], "CPU µs": [33.0, 34.0]})


def a_stacked_plot(path: Path) -> None:
    """A plot of the same with bars on top of each other."""
    plots.stacked_bars(path, "By depth", "messages", "events/s", LABELS, {"lean": [2e4, None], "CPU µs": [33.0, 34.0]})


@pytest.fixture(params=[a_line_plot, a_bar_plot, a_stacked_plot])
def plot(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One plot of each kind."""
    draw: Callable[[Path], None] = request.param
    draw(tmp_path / "plot.svg")
    return tmp_path / "plot.svg"


def test_a_plot_names_its_axes_and_series(plot: Path) -> None:
    """Who sees the plot knows what is measured in which unit."""
    texts = {element.text for element in ET.parse(plot).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314 - ours

    assert {"By depth", "messages", "events/s", "lean", "CPU µs", "1,000", "10,000"} <= texts


def test_a_plot_fetches_nothing(plot: Path) -> None:
    """A README that shows it makes no reader's browser call anybody."""
    elements = list(ET.parse(plot).getroot().iter())  # noqa: S314 - ours
    links = [value for e in elements for name, value in e.attrib.items() if name.endswith("href")]

    assert [e for e in elements if e.tag.endswith(("script", "image"))] == []
    assert [link for link in links if not link.startswith("#")] == []


def test_a_plot_has_no_background(plot: Path) -> None:
    """It is read on a light page and on a dark one."""
    assert "fill: #ffffff" not in plot.read_text()


def test_the_same_figures_make_the_same_file(tmp_path: Path) -> None:
    """A new recording shows in the history only where figures changed."""
    for name in ("one", "two"):
        a_line_plot(tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
