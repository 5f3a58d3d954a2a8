"""Segment's tracking API, and Segment's own clients, unmodified."""
