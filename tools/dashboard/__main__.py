"""Writes the dashboard to standard output, as deploy/grafana/dashboards has it."""

import sys

from tools.dashboard.grafana import as_json
from tools.dashboard.panels import ROWS

if __name__ == "__main__":
    sys.stdout.write(as_json(ROWS))
