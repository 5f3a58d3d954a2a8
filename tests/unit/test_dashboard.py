"""The dashboard shows what is there: made from the catalogue, and every query has an answer in a real scrape."""

import io
import json
import re
import sys
from contextlib import redirect_stdout
from runpy import run_module

import pytest

from event_processor.telemetry import (
    gateway_telemetry,
    inspector_telemetry,
    lake_telemetry,
    monitor_telemetry,
    run_telemetry,
)
from tests.promql import (
    DASHBOARDS,
    EVERY,
    GATEWAY,
    INSPECT,
    LAKE,
    MONITOR,
    RUN,
    Query,
    Samples,
    dashboard_queries,
    panels,
    selectors,
)
from tools.dashboard.queries import full_name

CATALOGUES = {
    RUN: run_telemetry.CATALOGUE,
    INSPECT: inspector_telemetry.CATALOGUE,
    GATEWAY: gateway_telemetry.CATALOGUE,
    LAKE: lake_telemetry.CATALOGUE,
    MONITOR: monitor_telemetry.CATALOGUE,
}
OVERVIEW = "event_overview"
EACH = pytest.mark.parametrize("dashboard", CATALOGUES)
ALL = pytest.mark.parametrize("dashboard", [*CATALOGUES, OVERVIEW])
QUERIES = [query for dashboard in (*CATALOGUES, OVERVIEW) for query in dashboard_queries(dashboard)]


@ALL
def test_the_committed_dashboard_is_current(dashboard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is provisioned is what the code makes; `make docs` fixes it."""
    monkeypatch.setattr(sys, "argv", ["dashboard", dashboard])
    with redirect_stdout(io.StringIO()) as written:
        run_module("tools.dashboard", run_name="__main__")

    assert (DASHBOARDS / f"{dashboard}.json").read_text() == written.getvalue()


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.text)
def test_queries_name_what_a_scrape_has(query: Query, samples: Samples) -> None:
    """No panel asks for a metric, a label or a label's value that the processor does not export."""
    assert samples.unknown(query) == []


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.text)
def test_queries_heed_the_variables(query: Query) -> None:
    """Who chooses a replica sees that replica, in every panel."""
    chosen = {("job", "=~", EVERY), ("instance", "=~", EVERY)}

    assert all(chosen <= set(selector.matchers) for selector in selectors(query.text))


@EACH
def test_everything_measured_is_shown(dashboard: str) -> None:
    """No metric is only in the catalogue."""
    named = {selector.metric for query in dashboard_queries(dashboard) for selector in selectors(query.text)}
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}

    assert {full_name(spec) for spec in CATALOGUES[dashboard]} - shown == set()


@ALL
def test_panels_do_not_overlap(dashboard: str) -> None:
    """Every panel has a place and a number of its own, within the width of a page."""
    places = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels(dashboard))
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert (
        len({panel["id"] for panel in panels(dashboard)})
        == len({panel["title"] for panel in panels(dashboard)})
        == len(panels(dashboard))
    )


@ALL
def test_each_leads_to_the_others(dashboard: str) -> None:
    """From the overview, and from each job, the dashboards of all are a click away, for the same time."""
    content = json.loads((DASHBOARDS / f"{dashboard}.json").read_text())
    [link] = content["links"]

    assert (link["type"], link["keepTime"]) == ("dashboards", True)
    assert set(link["tags"]) <= set(content["tags"])


@EACH
def test_legends_name_labels_of_their_query(dashboard: str) -> None:
    """A legend shows a label's value, never an empty one."""
    targets = [target for panel in panels(dashboard) for target in panel["targets"]]
    labelled = [
        (label, target["expr"]) for target in targets for label in re.findall(r"{{(\w+)}}", target["legendFormat"])
    ]

    assert len(labelled) > 10
    assert [(label, text) for label, text in labelled if not re.search(rf"by \([^)]*\b{label}\b", text)] == []
