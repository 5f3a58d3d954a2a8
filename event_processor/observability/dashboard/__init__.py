"""The Grafana dashboard, made from the metric catalogue: `python -m event_processor.observability.dashboard`."""
