"""The status page: one plain HTML page for whoever is on call, on a phone too. No scripts, nothing from elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from event_processor.observability import metrics as m
from event_processor.observability.health import Verdict
from event_processor.observability.history import Sample, rates
from event_processor.observability.scrape import Scrape

_WIDTH, _HEIGHT = 600, 80


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
    return _PAGE.format(
        style=_STYLE,
        replica=escape(status.replica),
        version=escape(status.version),
        health=_health(status.live, status.ready),
        figures=_figures(status, now),
        charts="".join(_chart(title, rates(status.samples, spec), unit) for title, spec, unit in _CHARTS),
        reasons=_table(("reason", "rejects"), [(reason, f"{n:,}") for reason, n in now.by_label(m.REJECTS).items()]),
        rejects=_table(_REJECT_COLUMNS, [[reject.get(name) for name in _REJECT_COLUMNS] for reject in status.rejects]),
        settings=_table(("variable", "value", "from"), status.settings),
    )


def _health(live: Verdict, ready: Verdict) -> str:
    if live.ok and ready.ok:
        return '<p class="ok">Healthy: live and ready.</p>'
    return "".join(f'<p class="bad">{escape(reason)}</p>' for reason in [*live.reasons, *ready.reasons])


def _figures(status: Status, now: Scrape) -> str:
    queue = now.by_label(m.QUEUE)
    figures = (
        ("lanes in flight", f"{now.total(m.LANES):,}", f"of {status.max_submissions:,}"),
        ("MiB in flight", _mib(now.total(m.BYTES)), f"of {_mib(status.max_bytes)}"),
        ("waiting on the queue", f"{queue.get('visible', 0):,}", "as SQS estimates, every 15 s"),
        *((f"age p{share:g}", _age(status.samples, share / 100), "last minutes") for share in (50, 95, 99)),
        ("events published", f"{now.total(m.PUBLISHED):,}", "since the start"),
        ("records refused", f"{now.total(m.REFUSED):,}", "and sent again"),
        ("order violations", f"{now.total(m.VIOLATIONS):,}", "must be 0"),
    )
    return "".join(f"<div><b>{value}</b><span>{name}</span><i>{note}</i></div>" for name, value, note in figures)


def _age(samples: Sequence[Sample], share: float) -> str:
    seconds = samples[-1].scrape.quantile(m.AGE, share, since=samples[0].scrape)
    return "-" if seconds is None else f"{seconds:.3g} s"


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 1024 / 1024:.3g}"


def _chart(title: str, values: Sequence[float], unit: str) -> str:
    top = max([*values, 1.0])
    last = values[-1] if values else 0.0
    step = _WIDTH / max(len(values) - 1, 1)
    points = " ".join(f"{i * step:.1f},{_HEIGHT - value / top * (_HEIGHT - 4):.1f}" for i, value in enumerate(values))
    return (
        f"<figure><figcaption>{title}: <b>{last:,.0f}</b> {unit} now, {top:,.0f} at most</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{title}">'
        f'<polyline points="{points}"/></svg></figure>'
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    cells = ["".join(f"<td>{escape('-' if cell is None else str(cell))}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{row}</tr>" for row in cells) or '<tr><td colspan="9">none</td></tr>'
    titles = "".join(f"<th>{escape(title.replace('_', ' '))}</th>" for title in head)
    return f'<div class="wide"><table><tr>{titles}</tr>{body}</table></div>'


_REJECT_COLUMNS: Final = ("received_at", "reason", "pointer", "detail", "submission_id", "message_id")
_CHARTS: Final = (
    ("Submissions received", m.RECEIVED, "a second"),
    ("Events published", m.PUBLISHED, "a second"),
    ("Records refused", m.REFUSED, "a second"),
)
_STYLE: Final = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#667;--line:#8884;--mark:#1769d2;--ok:#177a35;--bad:#b3261e}
@media(prefers-color-scheme:dark){
:root{--bg:#14171a;--fg:#e6e8ea;--dim:#99a;--mark:#6fb1ff;--ok:#6fd08c;--bad:#ff8a80}}
body{margin:0 auto;max-width:62rem;padding:1rem;background:var(--bg);color:var(--fg);
font:16px/1.45 system-ui,sans-serif}
h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:1.6rem 0 .4rem}header span,i,figcaption{color:var(--dim)}
.ok,.bad{font-weight:600;margin:.6rem 0;padding:.5rem .8rem;border-left:4px solid}
.ok{color:var(--ok)}.bad{color:var(--bad)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.6rem}
.figures div{border:1px solid var(--line);border-radius:6px;padding:.5rem .7rem}
.figures b{display:block;font-size:1.35rem}.figures span,.figures i{display:block;font-size:.8rem;font-style:normal}
figure{margin:.8rem 0}svg{width:100%;height:5rem;border-bottom:1px solid var(--line)}
polyline{fill:none;stroke:var(--mark);stroke-width:2;vector-effect:non-scaling-stroke}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;width:100%}
td,th{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line)}
td{overflow-wrap:anywhere;min-width:4rem}
"""
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="refresh" content="5"><title>event_processor {replica}</title><style>{style}</style></head><body>
<header><h1>event_processor</h1><span>{replica}, version {version}</span></header>
{health}
<div class="figures">{figures}</div>
<h2>The last minutes</h2>{charts}
<h2>Rejects by reason</h2>{reasons}
<h2>Latest rejects</h2>{rejects}
<h2>Settings</h2>{settings}
</body></html>
"""
