"""The queries of dashboard and alerts: what they name, and whether a running Prometheus can answer them."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import AggregateExpr, BinaryExpr, Expr, Matcher, MatchOp, VectorSelector, parse, walk

from event_processor.telemetry.call_telemetry import FAILED, RETRIED

DEPLOY: Final = Path(__file__).parent.parent / "deploy"
DASHBOARDS: Final = DEPLOY / "grafana" / "dashboards"
RUN, INSPECT, GATEWAY = "event_processor", "event_inspector", "event_gateway"
LAKE: Final = "event_lake"
MONITOR: Final = "event_monitor"
"""Names of dashboards, and of groups of alerts."""
ALERTS: Final = DEPLOY / "prometheus" / "alerts.yml"

FROM_PROMETHEUS: Final = {"job", "instance"}  # labels that a scrape does not have, and every series has
_UP: Final = "up"
_NOT_BEFORE_A_FAILURE: Final = {
    f"{job}_{spec.name}" for job in (RUN, INSPECT, GATEWAY, LAKE, MONITOR) for spec in (FAILED, RETRIED)
}  # their codes are not known before they come
EVERY: Final = ".+"  # what the dashboard's variables are, with all jobs and instances chosen
_VARIABLES: Final = (("$__rate_interval", "1m"), ("$job", EVERY), ("$instance", EVERY))

_OPERATORS: Final = ((MatchOp.Equal, "="), (MatchOp.NotEqual, "!="), (MatchOp.Re, "=~"), (MatchOp.NotRe, "!~"))


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and where it stands."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric and what its labels are matched with: (label, operator, value)."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    text: str


class Samples:
    """What a scrape contains: the values of each label of each sample."""

    def __init__(self, exposition: str) -> None:
        self._labels: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for family in text_string_to_metric_families(exposition):
            for sample in family.samples:
                values = self._labels[sample.name]
                for label, value in sample.labels.items():
                    values[label].add(value)

    def unknown(self, query: Query) -> list[str]:
        """What the query names that the scrape does not have: metrics, labels, and values that it asks to be equal."""
        known = {label for selector in selectors(query.text) for label in self._labels.get(selector.metric, ())}
        found = [f"label {label}" for label in sorted(grouped_by(query.text) - known - FROM_PROMETHEUS)]
        for selector in selectors(query.text):
            found += self._unknown(selector) if selector.metric != _UP else []
        return [f"{query.where}: no {what}" for what in found]

    def _unknown(self, selector: Selector) -> Iterator[str]:
        if selector.metric not in self._labels:
            yield f"metric {selector.metric}"
            return
        labels = self._labels[selector.metric]
        for label, operator, value in selector.matchers:
            if label in FROM_PROMETHEUS:
                continue
            if label not in labels:
                yield f"label {label} of {selector.metric}"
            elif operator == "=" and value not in labels[label]:
                yield f"{label}={value} of {selector.metric}"


def selectors(text: str) -> list[Selector]:
    """Every metric that an expression names."""
    found = [part for part in _parts(text) if isinstance(part, VectorSelector)]
    return [Selector(part.name or "", _matchers(part), part.prettify()) for part in found]


def grouped_by(text: str) -> set[str]:
    """Every label that an expression groups or matches by."""
    return {label for part in _parts(text) for label in _grouping(part)}


def _parts(text: str) -> list[Expr]:
    """The expression and all that it is made of."""
    parts: list[Expr] = []
    walk(parse(_with_values(text)), parts.append)
    return parts


def _matchers(selector: VectorSelector) -> tuple[tuple[str, str, str], ...]:
    return tuple((matcher.name, _operator(matcher), matcher.value) for matcher in selector.matchers.matchers)


def _operator(matcher: Matcher) -> str:
    return next(sign for operator, sign in _OPERATORS if operator == matcher.op)


def _grouping(part: Expr) -> Iterator[str]:
    if isinstance(part, AggregateExpr) and part.modifier:
        yield from part.modifier.labels
    if isinstance(part, BinaryExpr) and part.modifier:
        yield from part.modifier.matching.labels if part.modifier.matching else ()
        yield from part.modifier.group_labels or ()


def panels(dashboard: str = RUN) -> list[dict[str, Any]]:
    """A dashboard's panels, rows left out."""
    found: list[dict[str, Any]] = json.loads((DASHBOARDS / f"{dashboard}.json").read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def dashboard_queries(dashboard: str = RUN) -> list[Query]:
    """Of every panel."""
    found = panels(dashboard)
    return [Query(f"panel {panel['title']}", target["expr"]) for panel in found for target in panel["targets"]]


def rules(*jobs: str) -> list[dict[str, Any]]:
    """The alert rules of these jobs; of all if none is named."""
    groups = yaml.load(ALERTS.read_text(), yaml.CSafeLoader)["groups"]
    return [rule for group in groups if not jobs or group["name"] in jobs for rule in group["rules"]]


def alert_queries(*jobs: str) -> list[Query]:
    """Of every rule of these jobs."""
    return [Query(f"alert {rule['alert']}", rule["expr"]) for rule in rules(*jobs)]


def failures(port: int) -> list[str]:
    """What a Prometheus on this machine that scrapes a working processor cannot answer; empty if all is well.

    Every panel must show something, every alert must find the series that it is about and be loaded in good health.
    Only what appears with the first failed call may be missing.
    """
    prometheus = _Prometheus(port)
    found = [
        f"{query.where}: {why}" for query in dashboard_queries() for why in prometheus.fails(query.text, [query.text])
    ]
    for query in alert_queries(RUN):
        needed = [selector.text for selector in selectors(query.text)]
        found += [f"{query.where}: {why}" for why in prometheus.fails(query.text, needed)]
    return found + prometheus.unhealthy_rules()


class _Prometheus:
    def __init__(self, port: int) -> None:
        self._port = port

    def fails(self, text: str, must_find: Sequence[str]) -> Iterator[str]:
        """Errors of the expression, and those of `must_find` that find nothing."""
        answer = self._ask("query", query=_with_values(text))
        if answer["status"] != "success":
            yield f"{answer['error']}: {text}"
            return
        for needed in must_find:
            late = any(selector.metric in _NOT_BEFORE_A_FAILURE for selector in selectors(needed))
            if not late and not self._ask("query", query=_with_values(needed))["data"]["result"]:
                yield f"finds nothing: {needed}"

    def unhealthy_rules(self) -> list[str]:
        groups = self._ask("rules")["data"]["groups"]
        health = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
        names = [rule["alert"] for rule in rules()]
        return [f"alert {name}: {health.get(name, 'not loaded')}" for name in names if health.get(name) != "ok"]

    def _ask(self, path: str, **parameters: str) -> dict[str, Any]:
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/api/v1/{path}?{urlencode(parameters)}", timeout=60) as answer:
                found: dict[str, Any] = json.load(answer)
        except HTTPError as error:
            found = json.load(error)
        return found


def _with_values(text: str) -> str:
    for variable, value in _VARIABLES:
        text = text.replace(variable, value)
    return text
