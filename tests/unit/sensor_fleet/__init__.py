"""Tests of the sensor fleet, without a network."""
