"""Telling people, without noise: one message at once, then counts."""
