"""Tests of the HTTP door's core."""
