"""Logs, metrics, health, and the small server that shows them."""
