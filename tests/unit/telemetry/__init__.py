"""Unit tests of logs, metrics and traces."""
