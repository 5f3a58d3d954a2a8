"""Tests of records through a door."""
