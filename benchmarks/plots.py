"""Plots as SVG, made by pygal: pure Python, where matplotlib brings a stack of ten packages for the same few lines.

Grey text and lines on no background: they are read on a light page and on a dark one.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element

import pygal
from pygal.style import Style

# An import hook for maps, of a kind that Python 3.11 warns of at every import to come, and 3.12 ignores.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

_GREY: Final = "#808890"
_STYLE: Final = Style(
    background="transparent",
    plot_background="transparent",
    foreground=_GREY,
    foreground_strong=_GREY,
    foreground_subtle="#80889060",
    guide_stroke_color="#80889060",
    major_guide_stroke_color="#80889060",
    colors=("#3b82f6", "#f97316", "#10b981", "#a855f7", "#e11d48", "#ca8a04", "#0891b2", "#737373", "#64748b"),
    opacity=0.9,
    font_family="sans-serif",
    title_font_size=17,
    label_font_size=13,
    major_label_font_size=13,
)
Series = Mapping[str, Sequence[float | None]]  # by name: a value for each label, None where there is none


def lines(
    path: Path, title: str, x: str, y: str, labels: Sequence[str], series: Series, right: Series | None = None
) -> None:
    """One line a series over the labels. `x` and `y` name the axes, with their units; `right` has its own scale."""
    _write(path, pygal.Line(**_options(title, x, y), dots_size=4, stroke_style={"width": 2.5}), labels, series, right)


def bars(path: Path, title: str, x: str, y: str, labels: Sequence[str], series: Series) -> None:
    """One group of bars a label, side by side."""
    _write(path, pygal.Bar(**_options(title, x, y)), labels, series)


def stacked_bars(path: Path, title: str, x: str, y: str, labels: Sequence[str], series: Series) -> None:
    """One bar a label, the series on top of each other: the parts of a whole."""
    _write(path, pygal.StackedBar(**_options(title, x, y)), labels, series)


def _options(title: str, x: str, y: str) -> dict[str, Any]:
    return {
        "title": title,
        "x_title": x,
        "y_title": y,
        "style": _STYLE,
        "width": 760,
        "height": 440,
        "include_x_axis": True,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": 3,
        "margin_bottom": 35,  # pygal forgets one line of that legend
        "truncate_legend": -1,
        "truncate_label": -1,
        "js": (),  # a plot in a README fetches nothing
        "no_prefix": True,  # the same name for the same plot: a new recording shows only what changed
        "value_formatter": lambda value: f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}",
    }


def _write(path: Path, chart: Any, labels: Sequence[str], series: Series, right: Series | None = None) -> None:
    chart.x_labels = labels
    for name, values in series.items():
        chart.add(name, list(values))
    for name, values in (right or {}).items():
        chart.add(name, list(values), secondary=True)
    chart.add_xml_filter(_without_scripts)
    path.write_bytes(chart.render())


def _without_scripts(root: Element) -> Element:
    for parent in list(root.iter()):
        for script in [child for child in parent if str(child.tag).endswith("script")]:
            parent.remove(script)
    return root
