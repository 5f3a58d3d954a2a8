"""Metrics: numbers of buckets of time, as records of a stream."""
