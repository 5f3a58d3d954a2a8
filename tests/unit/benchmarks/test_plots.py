"""benchmarks.plots: pictures for a README."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import plots


def test_plots_disturb_no_import() -> None:
    """The library for plots leaves Python's import system as it was."""
    script = "from benchmarks import plots; import sched"  # a module that nothing else needs

    subprocess.run([sys.executable, "-W", "error::ImportWarning", "-c", script], check=True)


@pytest.fixture
def plot(tmp_path: Path) -> Path:
    """A plot with two scales."""
    path = tmp_path / "plot.svg"
    plots.lines(
        path, "By depth", "messages", "events/s", ["1,000", "10,000"], {"lean": [2e4, None]}, {"CPU µs": [33.0, 34.0]}
    )
    return path


def test_a_plot_names_its_axes_and_series(plot: Path) -> None:
    """Who sees the plot knows what is measured in which unit."""
    texts = {element.text for element in ET.parse(plot).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314 - ours

    assert {"By depth", "messages", "events/s", "lean", "CPU µs", "1,000", "10,000"} <= texts


def test_a_plot_fetches_nothing(plot: Path) -> None:
    """A README that shows it makes no reader's browser call anybody."""
    root = ET.parse(plot).getroot()  # noqa: S314 - ours

    assert [e for e in root.iter() if e.tag.endswith(("script", "image", "use"))] == []
    assert "href" not in plot.read_text()


def test_a_plot_has_no_background(plot: Path) -> None:
    """It is read on a light page and on a dark one."""
    style = plot.read_text()

    assert ".graph &gt; .background{fill:transparent}" in style
    assert ".plot &gt; .background{fill:transparent}" in style
