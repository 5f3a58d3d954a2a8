"""Unit tests of rejects."""
