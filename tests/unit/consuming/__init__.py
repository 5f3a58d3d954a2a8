"""Unit tests of reading a stream."""
