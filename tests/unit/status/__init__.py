"""Unit tests of health and the status page."""
