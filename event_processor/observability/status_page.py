"""The status page: one plain HTML page for whoever is on call, on a phone too. No scripts, nothing from elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from event_processor.observability import metrics as m
from event_processor.observability.health import Verdict
from event_processor.observability.history import Sample, rates
from event_processor.observability.scrape import Scrape

_WIDTH, _HEIGHT = 300, 60


@dataclass(frozen=True, slots=True)
class Status:
    """All that the page shows. `settings` has no secrets, `rejects` no payload."""

    version: str
    replica: str
    live: Verdict
    ready: Verdict
    samples: Sequence[Sample]
    max_submissions: int
    max_bytes: int
    rejects: Sequence[dict[str, Any]]
    settings: Sequence[tuple[str, str, str]]


def render(status: Status) -> str:
    """The page."""
    now = status.samples[-1].scrape
    span = _ago(status.samples[-1].at - status.samples[0].at)
    return _PAGE.format(
        style=_STYLE,
        replica=escape(status.replica),
        version=escape(status.version),
        health=_health(status.live, status.ready),
        figures=_figures(status, now, span),
        span=span,
        charts="".join(_chart(title, rates(status.samples, spec), span) for title, spec in _CHARTS),
        reasons=_table((reason, f"{n:,}") for reason, n in _most_first(now.by_label(m.REJECTS))),
        rejects="".join(map(_reject, status.rejects)) or "<p>none</p>",
        settings=_table((name, value or "-", _ORIGINS.get(origin, origin)) for name, value, origin in status.settings),
    )


def _health(live: Verdict, ready: Verdict) -> str:
    if live.ok and ready.ok:
        return '<p class="ok">Healthy: live and ready.</p>'
    verdicts = (("Not live", live), ("Not ready", ready))
    return "".join(
        f'<p class="bad">{what}: {escape(reason)}</p>' for what, verdict in verdicts for reason in verdict.reasons
    )


def _figures(status: Status, now: Scrape, span: str) -> str:
    queue, violations = now.by_label(m.QUEUE), now.total(m.VIOLATIONS)
    figures = (
        ("lanes in flight", f"{now.total(m.LANES):,}", f"of {status.max_submissions:,}"),
        ("MiB in flight", _mib(now.total(m.BYTES)), f"of {_mib(status.max_bytes)}"),
        ("waiting on the queue", f"{queue.get('visible', 0):,}", "as SQS estimates"),
        *((f"age p{share}", _age(status.samples, share / 100), f"last {span}") for share in (50, 95, 99)),
        ("events published", f"{now.total(m.PUBLISHED):,}", "since the start"),
        ("rejects", f"{now.total(m.REJECTS):,}", "since the start"),
        ("records refused", f"{now.total(m.REFUSED):,}", "and sent again"),
    )
    plain = "".join(f"<div><b>{value}</b><span>{name}</span><i>{note}</i></div>" for name, value, note in figures)
    alarm = ' class="bad"' if violations else ""
    return f"{plain}<div{alarm}><b>{violations:,}</b><span>order violations</span><i>must be 0</i></div>"


def _age(samples: Sequence[Sample], share: float) -> str:
    seconds = samples[-1].scrape.quantile(m.AGE, share, since=samples[0].scrape)
    return "-" if seconds is None else f"{seconds:.3g} s"


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 1024 / 1024:.3g}"


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _chart(title: str, values: Sequence[float], span: str) -> str:
    """A line over its area, the left edge `span` ago, the lower edge 0, the upper edge the largest value."""
    top = max(values, default=0.0)
    step = _WIDTH / max(len(values) - 1, 1)
    points = [f"{i * step:.1f},{_HEIGHT - value / (top or 1) * (_HEIGHT - 2):.1f}" for i, value in enumerate(values)]
    line = " ".join(points)
    return (
        f"<figure><figcaption><b>{_rate(values[-1] if values else 0.0)}</b> {title}</figcaption>"
        f'<div class="plot"><span>{_rate(top)}</span>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{title}">'
        f'<polygon points="0,{_HEIGHT} {line} {_WIDTH},{_HEIGHT}"/><polyline points="{line}"/></svg>'
        f"<span>0</span><i><em>{span} ago</em><em>now</em></i></div></figure>"
    )


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"


def _most_first(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _reject(reject: dict[str, Any]) -> str:
    """What and where, and the ids to look for."""
    shown = {name: escape("-" if reject.get(name) is None else str(reject[name])) for name in _REJECT_FIELDS}
    return (
        "<p><b>{reason}</b> <code>{pointer}</code><br><i>{received_at:.19}</i>"
        " <span>submission {submission_id}</span> <span>message {message_id}</span></p>"
    ).format(**shown)


def _table(rows: Iterable[Iterable[str]]) -> str:
    cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>" if cells else "<p>none</p>"


_REJECT_FIELDS: Final = ("received_at", "reason", "pointer", "submission_id", "message_id")
_ORIGINS: Final = {"default": "", "environment": "set"}
_CHARTS: Final = (
    ("submissions received a second", m.RECEIVED),
    ("events published a second", m.PUBLISHED),
    ("records refused a second", m.REFUSED),
)
_STYLE: Final = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5b6470;--line:#8884;
--mark:#1769d2;--ok:#177a35;--bad:#b3261e}
@media(prefers-color-scheme:dark){
:root{--bg:#14171a;--fg:#e6e8ea;--dim:#9aa4ae;--mark:#6fb1ff;--ok:#6fd08c;--bad:#ff8a80}}
body{margin:0 auto;max-width:62rem;padding:1rem;background:var(--bg);color:var(--fg);
font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:1.6rem 0 .5rem}
i,em,header span,p span{color:var(--dim)}i,em{font-style:normal}
.ok,.bad{font-weight:600}p.ok,p.bad{margin:.6rem 0;padding:.5rem .8rem;border-left:4px solid}
.ok{color:var(--ok)}.bad{color:var(--bad)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.6rem}
.figures div{border:1px solid var(--line);border-radius:6px;padding:.5rem .7rem}
.figures b{display:block;font-size:1.35rem}.figures span,.figures i{display:block;font-size:.8rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:1rem}
figure{margin:0;font-size:.85rem}figcaption b{font-size:1.1rem}
.plot{display:grid;grid-template-columns:1fr auto;column-gap:.4rem;font-size:.75rem;color:var(--dim)}
.plot span{grid-column:2}.plot span+i{grid-column:1;display:flex;justify-content:space-between}
.plot svg+span{align-self:end}
svg{grid-row:1/3;grid-column:1;width:100%;height:5rem;border:solid var(--line);border-width:1px 0}
polyline{fill:none;stroke:var(--mark);stroke-width:2;vector-effect:non-scaling-stroke}polygon{fill:var(--mark);opacity:.15}
table{border-collapse:collapse;font-size:.85rem}td{padding:.2rem 1.2rem .2rem 0;border-bottom:1px solid var(--line)}
td:last-child{white-space:nowrap}
.rejects p{font-size:.85rem;margin:.5rem 0;padding-bottom:.4rem;border-bottom:1px solid var(--line)}
@media(min-width:50rem){.rejects{display:grid;grid-template-columns:16rem 1fr;gap:1rem}}
.rejects span,.rejects i{display:inline-block;margin-right:.6rem}
"""
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="refresh" content="5"><link rel="icon" href="data:,"><title>event_processor {replica}</title>
<style>{style}</style></head><body>
<header><h1>event_processor</h1><span>{replica}, version {version}</span></header>
{health}
<div class="figures">{figures}</div>
<h2>The last {span}</h2><div class="charts">{charts}</div>
<div class="rejects"><section><h2>Rejects by reason</h2>{reasons}</section>
<section><h2>Latest rejects</h2>{rejects}</section></div>
<h2>Settings</h2>{settings}
</body></html>
"""
