"""Plots as SVG for the READMEs: grey text and lines on no background, to be read on a light page and on a dark one."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREY: Final = "#808890"
_COLORS: Final = (*("#3b82f6", "#f97316", "#10b981", "#a855f7", "#e11d48", "#ca8a04", "#0891b2", "#737373", "#64748b"),)
_STYLE: Final[Any] = {  # names of matplotlib's rcParams
    "axes.edgecolor": _GREY,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": _GREY,
    "axes.spines.top": False,
    "axes.titlecolor": _GREY,
    "figure.facecolor": "none",
    "font.family": "sans-serif",
    "grid.alpha": 0.4,
    "grid.color": _GREY,
    "legend.frameon": False,
    "legend.labelcolor": _GREY,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "event_processor",  # the same plot is the same file: a new recording shows only what changed
    "xtick.color": _GREY,
    "ytick.color": _GREY,
}
_INCHES: Final = (7.6, 4.4)
_BAR_SHARE: Final = 0.8  # of the room of a label, for all its bars
Series = Mapping[str, Sequence[float | None]]  # by name: a value for each label, None where there is none


def lines(
    path: Path, title: str, x: str, y: str, labels: Sequence[str], series: Series, right: Series | None = None
) -> None:
    """One line a series over the labels. `x` and `y` name the axes, with their units; `right` has its own scale."""
    with _styled():
        figure, axes = _drawing(title, x, y, labels)
        _draw_lines(axes, labels, series, first_color=0)
        if right:
            other = axes.twinx()
            other.grid(visible=False)
            other.yaxis.set_major_formatter(_number)
            _draw_lines(other, labels, right, first_color=len(series))
        _save(figure, path)


def bars(path: Path, title: str, x: str, y: str, labels: Sequence[str], series: Series) -> None:
    """One group of bars a label, side by side."""
    width = _BAR_SHARE / max(1, len(series))
    with _styled():
        figure, axes = _drawing(title, x, y, labels)
        for number, (name, values) in enumerate(series.items()):
            places = [place + (number + 0.5) * width - _BAR_SHARE / 2 for place in range(len(labels))]
            axes.bar(places, [value or 0.0 for value in values], width, color=_color(number), label=name)
        _save(figure, path)


def stacked_bars(path: Path, title: str, x: str, y: str, labels: Sequence[str], series: Series) -> None:
    """One bar a label, the series on top of each other: the parts of a whole."""
    with _styled():
        figure, axes = _drawing(title, x, y, labels)
        floor = [0.0] * len(labels)
        for number, (name, values) in enumerate(series.items()):
            heights = [value or 0.0 for value in values]
            axes.bar(range(len(labels)), heights, _BAR_SHARE, floor, color=_color(number), label=name)
            floor = [low + height for low, height in zip(floor, heights, strict=True)]
        _save(figure, path)


def _styled() -> AbstractContextManager[None]:
    import matplotlib as mpl  # noqa: PLC0415 half a second, and most who measure draw nothing

    return mpl.rc_context(_STYLE)


def _drawing(title: str, x: str, y: str, labels: Sequence[str]) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure  # noqa: PLC0415 as above

    figure = Figure(_INCHES, layout="constrained")
    axes = figure.add_subplot(title=title, xlabel=x, ylabel=y)
    axes.set_xticks(range(len(labels)), labels)
    axes.yaxis.set_major_formatter(_number)
    return figure, axes


def _draw_lines(axes: "Axes", labels: Sequence[str], series: Series, first_color: int) -> None:
    for number, (name, values) in enumerate(series.items(), first_color):
        known = [float("nan") if value is None else value for value in values]
        axes.plot(range(len(labels)), known, marker="o", color=_color(number), label=name)
    axes.set_ylim(bottom=0)


def _color(number: int) -> str:
    return _COLORS[number % len(_COLORS)]


def _number(value: float, _place: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _save(figure: "Figure", path: Path) -> None:
    figure.legend(loc="outside lower center", ncols=3)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
