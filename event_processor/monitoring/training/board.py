"""The leaderboard as one page that needs nothing else: no network, no script; light and dark."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

_COLOURS: Final = ("#d1495b", "#2e86ab", "#7a9e34", "#b07aa1", "#e08e0b", "#4e9f9f", "#8d6e63")
_SIZE: Final = 360
_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #777; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.soft { color: var(--soft); }
.scroll { overflow-x: auto; }
svg text { fill: currentColor; font-size: 11px; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .3em 0 1em; }
"""
_HOW: Final = (
    "Counted by events, of series that neither the model nor its threshold has seen; chance was given a threshold in "
    "the same way."
)
_HEADS: Final = ("", "F1", "±", "precision", "recall", "false alerts a series and week", "delay", "CPU s")


def page_of(title: str, content: Mapping[str, Any]) -> bytes:
    """Of a board as JSON."""
    rows, decision = content["rows"], content["decision"]
    kinds = sorted({kind for row in rows for kind in row["recall_by_kind"]})
    verdict = "is promoted" if decision["promoted"] else "is not promoted"
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>",
        f"<p><b>{escape(decision['name'])}</b> {verdict}: {escape(decision['why'])}.",
        f"<p class=soft>{_size(content)}. {_HOW}",
        _table(_HEADS, [cells(row) for row in rows]),
        "<h2>Precision by recall</h2>",
        _curves([row for row in rows if len(row["curve"]) > 1]),
    ]
    if kinds:
        told = [[row["name"], *(_share(row["recall_by_kind"].get(kind)) for kind in kinds)] for row in rows]
        parts += ["<h2>Recall by kind of fault</h2>", _table(("", *kinds), told)]
    return "\n".join(parts).encode()


def _size(content: Mapping[str, Any]) -> str:
    return f"{content['series']:,} series, {content['buckets']:,} buckets, {content['incidents']:,} labelled incidents"


def cells(row: Mapping[str, Any]) -> list[str]:
    """What a table says of a row."""
    return [
        row["name"],
        f"{row['f1']:.3f}",
        f"{row['spread']:.3f}",
        f"{row['precision']:.2f}",
        f"{row['recall']:.2f}",
        f"{row['false_per_week']:.2f}",
        _time(row["delay_seconds"]),
        f"{row['cpu_seconds']:.1f}",
    ]


HEADS: Final = ("detector", *_HEADS[1:])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(each)}" for each in row) for row in rows)
    return f"<div class=scroll><table><tr>{head}{body}</table></div>"


def _curves(rows: Sequence[Mapping[str, Any]]) -> str:
    lines, keys = [], []
    for number, row in enumerate(rows):
        colour = "#999" if row["name"] == "random" else _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{40 + x * _SIZE:.1f},{10 + (1 - y) * _SIZE:.1f}" for x, y in sorted(row["curve"]))
        dashed = " stroke-dasharray='4 3'" if row["name"] == "random" else ""
        lines.append(f"<polyline points='{points}' fill=none stroke='{colour}' stroke-width=2{dashed} />")
        keys.append(f"<span class=key style='background:{colour}'></span>{escape(row['name'])}")
    ticks = "".join(
        f"<text x=8 y='{14 + (1 - each) * _SIZE:.0f}'>{each:.1f}</text>"
        f"<text x='{34 + each * _SIZE:.0f}' y='{_SIZE + 28}'>{each:.1f}</text>"
        for each in (0.0, 0.5, 1.0)
    )
    frame = f"<rect x=40 y=10 width={_SIZE} height={_SIZE} fill=none stroke='#8886' />"
    size = f"viewBox='0 0 {_SIZE + 60} {_SIZE + 40}' width={_SIZE + 60}"
    drawn = f"<svg role=img aria-label='Precision by recall' {size}>{frame}{ticks}{''.join(lines)}</svg>"
    return f"{drawn}<p>{''.join(keys)}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
