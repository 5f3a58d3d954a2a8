"""Rows of panels to the JSON that Grafana is provisioned with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Literal

from event_processor.telemetry.metrics import Spec
from tools.dashboard.queries import full_name

_COLUMNS: Final = 24
_HEIGHTS: Final = {"stat": 4, "timeseries": 8}
_TAG: Final = "event_processor"
_SCHEMA: Final = 39  # Grafana 10 and 11 write it; newer ones migrate it by themselves
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression; a legend of `limit` is drawn as one."""

    expression: str
    legend: str = ""


class Panel:
    """Queries in one picture. `unit` is Grafana's name of it; from `line` on values are bad."""

    def __init__(
        self,
        title: str,
        description: str,
        *queries: Query,
        unit: str = "short",
        kind: Literal["stat", "timeseries"] = "timeseries",
        line: float | None = None,
    ) -> None:
        self.title, self.description, self.queries = title, description, queries
        self.unit, self.kind, self.line = unit, kind, line


class Row:
    """Panels of one height, side by side."""

    def __init__(self, title: str, *panels: Panel) -> None:
        self.title, self.panels = title, panels


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Rows under a title. The replicas to choose from are those that have the metric `of`."""

    uid: str
    title: str
    of: Spec
    rows: Sequence[Row]


def as_json(dashboard: Dashboard) -> str:
    """The dashboard, the same text for the same rows."""
    return json.dumps(_dashboard(dashboard), indent=1) + "\n"


def _dashboard(dashboard: Dashboard) -> Json:
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": [_TAG],
        "links": [_LINK],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "graphTooltip": 1,  # one crosshair for all panels
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "templating": {"list": _variables(full_name(dashboard.of))},
        "panels": _laid_out(dashboard.rows),
    }


def _variables(metric: str) -> list[Json]:
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        _label_variable("job", "Job", f"label_values({metric}, job)"),
        _label_variable("instance", "Replica", f'label_values({metric}{{job=~"$job"}}, instance)'),
    ]


def _label_variable(name: str, label: str, query: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _DATASOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,  # at every change of the time range: replicas come and go
        "includeAll": True,
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
        "sort": 1,
    }


def _laid_out(rows: Sequence[Row]) -> list[Json]:
    ids, top, panels = count(1), 0, []
    for row in rows:
        panels.append(_row(row, next(ids), top))
        height = max(_HEIGHTS[panel.kind] for panel in row.panels)
        width = _COLUMNS // len(row.panels)
        for column, panel in enumerate(row.panels):
            panels.append(_panel(panel, next(ids), _grid(column * width, top + 1, width, height)))
        top += 1 + height
    return panels


def _row(row: Row, number: int, top: int) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": _grid(0, top, _COLUMNS, 1),
        "panels": [],
    }


def _panel(panel: Panel, number: int, grid: Json) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": grid,
        "datasource": _DATASOURCE,
        "fieldConfig": {"defaults": _field(panel), "overrides": [_LIMIT]},
        "options": _OPTIONS[panel.kind],
        "targets": [_target(query, chr(ord("A") + index)) for index, query in enumerate(panel.queries)],
    }


def _target(query: Query, ref_id: str) -> Json:
    return {
        "refId": ref_id,
        "datasource": _DATASOURCE,
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
    }


def _field(panel: Panel) -> Json:
    steps: list[Json] = [{"color": "green", "value": None}]
    if panel.line is not None:
        steps.append({"color": "red", "value": panel.line})
    field: Json = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "timeseries":
        style = "off" if panel.line is None else "dashed"
        field["custom"] = {"fillOpacity": 10, "showPoints": "never", "thresholdsStyle": {"mode": style}}
    return field


def _grid(x: int, y: int, width: int, height: int) -> Json:
    return {"x": x, "y": y, "w": width, "h": height}


_LINK: Final[Json] = {
    "type": "dashboards",
    "title": "Other jobs",
    "tags": [_TAG],
    "asDropdown": False,
    "keepTime": True,
    "includeVars": False,
    "targetBlank": False,
}
_LIMIT: Final = {
    "matcher": {"id": "byName", "options": "limit"},
    "properties": [
        {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}},
        {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 10]}},
        {"id": "custom.fillOpacity", "value": 0},
    ],
}
_OPTIONS: Final[dict[str, Json]] = {
    "stat": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"},
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
}
