"""Unit tests of where rejects are stored."""
