"""Unit tests of contracts."""
