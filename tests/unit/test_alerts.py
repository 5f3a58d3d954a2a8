"""Whoever is paged gets a reason and a section to read. Whether each rule fires when it should, promtool tests."""

import re
from typing import Any

import pytest
import yaml

from tests.promql import ALERTS, DEPLOY, Query, Samples, alert_queries, rules
from tools.dashboard.panels import AGE_OBJECTIVE_SECONDS, REJECT_SHARE_LIMIT

RUNBOOK = DEPLOY.parent / "docs" / "runbook.md"
RULES = {rule["alert"]: rule for rule in rules()}
SCENARIOS = yaml.load(ALERTS.with_name("alerts_test.yml").read_text(), yaml.CSafeLoader)["tests"]


def _expectations(alert: str) -> list[list[list[Any]]]:
    """For each scenario about the alert: what is expected to fire at each of its looks."""
    looks = [[look["exp_alerts"] for look in s["alert_rule_test"] if look["alertname"] == alert] for s in SCENARIOS]
    return [expected for expected in looks if expected]


@pytest.mark.parametrize("query", alert_queries(), ids=lambda query: query.where)
def test_rules_name_what_a_scrape_has(query: Query, samples: Samples) -> None:
    """No rule waits for a metric, a label or a label's value that the processor does not export."""
    assert samples.unknown(query) == []


@pytest.mark.parametrize("alert", RULES)
def test_rules_are_tested_both_ways(alert: str) -> None:
    """For each rule promtool plays a scenario in which it fires, and another in which it never does."""
    expected = _expectations(alert)

    assert any(any(looks) for looks in expected)
    assert any(not any(looks) for looks in expected)


@pytest.mark.parametrize("alert", RULES)
def test_alerts_tell_what_to_do(alert: str) -> None:
    """Each says whom it wakes, what is wrong, and which section of the runbook to read."""
    rule = RULES[alert]

    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{alert.lower()}"


def test_the_runbook_has_a_section_for_each_alert() -> None:
    """Sections and rules are the same, in the same order, and each section has its three answers."""
    title, *sections = re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)

    assert [section.splitlines()[0] for section in sections] == list(RULES)
    assert all(
        re.findall(r"^\*\*(.+?)\*\*", section, re.MULTILINE) == ["Means", "Look at", "Do"] for section in sections
    )
    assert "ApproximateAgeOfOldestMessage" in title


def test_order_pages_at_once() -> None:
    """A violation of order, the promise that must never break, waits for nothing."""
    rule = RULES["EventProcessorOrderViolated"]

    assert "for" not in rule
    assert rule["labels"] == {"severity": "page"}


def test_dashboard_and_alerts_draw_the_same_lines() -> None:
    """A panel turns red where its alert fires."""
    assert RULES["EventProcessorAgeOverObjective"]["expr"].endswith(f"> {AGE_OBJECTIVE_SECONDS}")
    assert RULES["EventProcessorRejectsHigh"]["expr"].endswith(f"> {REJECT_SHARE_LIMIT}")


def test_the_job_that_rules_name_is_scraped() -> None:
    """A rule that looks at targets looks at those that our own configuration scrapes, and that loads these rules."""
    configuration = yaml.safe_load(ALERTS.with_name("prometheus.yml").read_text())
    named = set(re.findall(r'job="([^"]+)"', ALERTS.read_text()))

    assert named
    assert named <= {job["job_name"] for job in configuration["scrape_configs"]}
    assert ALERTS.name in configuration["rule_files"]
