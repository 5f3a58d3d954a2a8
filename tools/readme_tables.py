"""The tables in the documents that are made from the code: `python -m tools.readme_tables` puts them there."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings

from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.lambda_inspection import LambdaInspectionSettings
from event_processor.settings.lambda_log_table import LambdaLogTableSettings
from event_processor.settings.lambda_monitor import LambdaMonitorSettings
from event_processor.settings.monitor import MonitorSettings
from event_processor.settings.submissions import SubmissionsSettings
from event_processor.settings.values import allowed
from event_processor.telemetry import gateway_telemetry, inspector_telemetry, lake_telemetry, monitor_telemetry
from event_processor.telemetry.metrics import Catalogue
from event_processor.telemetry.run_telemetry import CATALOGUE
from tools import lambda_table, sizing_tables, speed_table

README = Path(__file__).parent.parent / "README.md"
DOCS = README.parent / "docs"
SETTINGS = DOCS / "settings.md"
PAGES = (README, SETTINGS, DOCS / "sizing.md", DOCS / "lambda.md")


JOBS: Final[Mapping[str, tuple[type[BaseSettings], Catalogue]]] = {
    "run": (SubmissionsSettings, CATALOGUE),
    "gateway": (GatewaySettings, gateway_telemetry.CATALOGUE),
    "inspect": (InspectionSettings, inspector_telemetry.CATALOGUE),
    "deliver": (DeliverySettings, lake_telemetry.CATALOGUE),
    "monitor": (MonitorSettings, monitor_telemetry.CATALOGUE),
}
FUNCTIONS: Final[Mapping[str, type[BaseSettings]]] = {
    "submissions": LambdaSettings,
    "inspect": LambdaInspectionSettings,
    "monitor": LambdaMonitorSettings,
    "log_table": LambdaLogTableSettings,
}


def with_tables(text: str) -> str:
    """The text with the code's tables between their markers."""
    return between_markers(
        text,
        {
            **_by_job("settings", {job: settings_rows(kind) for job, (kind, _) in JOBS.items()}),
            **_by_job("metrics", {job: metrics_rows(catalogue) for job, (_, catalogue) in JOBS.items()}),
            "functions": functions_table(),
            "speed": speed_table.as_markdown(),
            "lambda-cost": lambda_table.as_markdown(),
            **sizing_tables.as_markdown(),
        },
    )


def between_markers(text: str, tables: Mapping[str, str]) -> str:
    """The text with each table between the markers of its name, if the text has them."""
    for name, table in tables.items():
        marked = rf"(?<=<!-- {name}: make docs -->\n).*?(?=<!-- /{name} -->)"
        text = re.sub(marked, lambda _, table=table: f"{table}\n", text, count=1, flags=re.DOTALL)  # type: ignore[misc]
    return text


def _default(value: object) -> str:
    text = "" if value is None else str(value)
    return f"`{text}`" if text else ""


def settings_rows(kind: type[BaseSettings]) -> list[str]:
    """A row for each variable of a job."""
    return [
        f"| `{name.upper()}` | {_default(field.default)} | {allowed(field)} | {field.description} |"
        for name, field in kind.model_fields.items()
    ]


def metrics_rows(catalogue: Catalogue) -> list[str]:
    """A row for each metric of a job, without the prefix of that job."""
    return [f"| `{spec.name}` | {spec.kind} | {', '.join(spec.labels)} | {spec.help} |" for spec in catalogue]


_HEADINGS: Final = {"settings": "variable | default | allowed | meaning", "metrics": "metric | type | labels | meaning"}


def _by_job(what: str, jobs: Mapping[str, list[str]]) -> dict[str, str]:
    """A table of what several jobs have, and one for each job of what it alone has."""
    shared = {row: [job for job in jobs if row in jobs[job]] for rows in jobs.values() for row in rows}
    shared = {row: found for row, found in shared.items() if len(found) > 1}
    every = [f"{row} {'all' if len(found) == len(jobs) else ', '.join(found)} |" for row, found in shared.items()]
    own = {f"{job}-{what}": [row for row in rows if row not in shared] for job, rows in jobs.items()}
    return {
        f"shared-{what}": _table(f"{_HEADINGS[what]} | jobs", every),
        **{name: _table(_HEADINGS[what], rows) for name, rows in own.items()},
    }


def functions_table() -> str:
    """Which settings each Lambda function has."""
    rows = [
        f"| `{name}` | {', '.join(f'`{each.upper()}`' for each in FUNCTIONS[name].model_fields)} |"
        for name in FUNCTIONS
    ]
    return _table("handler | settings", rows)


def _table(headings: str, rows: Iterable[str]) -> str:
    return "\n".join([f"| {headings} |", "|---" * len(headings.split(" | ")) + "|", *rows])


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(with_tables(page.read_text()))
