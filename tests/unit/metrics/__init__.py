"""Metrics as records."""
