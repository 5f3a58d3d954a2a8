"""Fuzzing of what reads bodies, guided by coverage."""
