"""Writes a dashboard to standard output, as deploy/grafana/dashboards has it: its name is the argument."""

import sys
from typing import Final

from event_processor.telemetry.submission_telemetry import RECEIVED
from tools.dashboard.gateway_panels import FIRST as FIRST_OF_GATEWAY
from tools.dashboard.gateway_panels import GATEWAY_ROWS
from tools.dashboard.grafana import Dashboard, as_json
from tools.dashboard.inspector_panels import FIRST, INSPECTOR_ROWS
from tools.dashboard.lake_panels import FIRST as FIRST_OF_LAKE
from tools.dashboard.lake_panels import LAKE_ROWS
from tools.dashboard.monitor_panels import FIRST as FIRST_OF_MONITOR
from tools.dashboard.monitor_panels import MONITOR_ROWS
from tools.dashboard.overview_panels import OVERVIEW_ROWS
from tools.dashboard.panels import ROWS
from tools.dashboard.queries import PROCESS_CPU

DASHBOARDS: Final = {
    "event_processor": Dashboard("event-processor", "event_processor", RECEIVED, ROWS),
    "event_inspector": Dashboard("event-inspector", "event_inspector", FIRST, INSPECTOR_ROWS),
    "event_gateway": Dashboard("event-gateway", "event_gateway", FIRST_OF_GATEWAY, GATEWAY_ROWS),
    "event_lake": Dashboard("event-lake", "event_lake", FIRST_OF_LAKE, LAKE_ROWS),
    "event_monitor": Dashboard("event-monitor", "event_monitor", FIRST_OF_MONITOR, MONITOR_ROWS),
    "event_overview": Dashboard("event-overview", "event_overview", PROCESS_CPU, OVERVIEW_ROWS),
}

if __name__ == "__main__":
    sys.stdout.write(as_json(DASHBOARDS[sys.argv[1]]))
