"""Unit tests of the ways to run the processor."""
