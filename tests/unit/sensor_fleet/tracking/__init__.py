"""Tests of tracking events and of the verdicts on them, without a network."""
