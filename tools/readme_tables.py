"""The tables in the documents that are made from the code: `python -m tools.readme_tables` puts them there."""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import BaseSettings

from event_processor.settings.aws_lambda import LambdaSettings
from event_processor.settings.gateway import GatewaySettings
from event_processor.settings.inspection import InspectionSettings
from event_processor.settings.lake import DeliverySettings
from event_processor.settings.lambda_inspection import LambdaInspectionSettings
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


def with_tables(text: str) -> str:
    """The text with the code's tables between their markers."""
    return between_markers(
        text,
        {
            "settings": settings_table(SubmissionsSettings),
            "metrics": metrics_table(CATALOGUE),
            "gateway-settings": settings_table(GatewaySettings),
            "gateway-metrics": metrics_table(gateway_telemetry.CATALOGUE),
            "inspect-settings": settings_table(InspectionSettings),
            "inspect-metrics": metrics_table(inspector_telemetry.CATALOGUE),
            "deliver-settings": settings_table(DeliverySettings),
            "deliver-metrics": metrics_table(lake_telemetry.CATALOGUE),
            "monitor-settings": settings_table(MonitorSettings),
            "monitor-metrics": metrics_table(monitor_telemetry.CATALOGUE),
            "lambda-inspect-settings": settings_table(LambdaInspectionSettings),
            "lambda-monitor-settings": settings_table(LambdaMonitorSettings),
            "speed": speed_table.as_markdown(),
            "lambda-settings": settings_table(LambdaSettings),
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


def settings_table(kind: type[BaseSettings]) -> str:
    """The variables of a job."""
    rows = [
        f"| `{name.upper()}` | {_default(field.default)} | {allowed(field)} | {field.description} |"
        for name, field in kind.model_fields.items()
    ]
    return "\n".join(["| variable | default | allowed | meaning |", "|---|---|---|---|", *rows])


def metrics_table(catalogue: Catalogue) -> str:
    """The metrics of a job."""
    rows = [f"| `{spec.full_name}` | {spec.kind} | {', '.join(spec.labels)} | {spec.help} |" for spec in catalogue]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(with_tables(page.read_text()))
