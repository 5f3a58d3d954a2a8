"""Measurements, each in its own folder with its question, its command and its recorded result."""
