"""Unit tests of channels."""
