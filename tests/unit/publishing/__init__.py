"""Unit tests of publishing in order."""
