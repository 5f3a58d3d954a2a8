"""Measurements, each in a folder of its own with its question, its command and its recorded result."""
