"""The Grafana dashboard, made from the metric catalogue: `python -m tools.dashboard`."""
