"""Tracking events of websites and apps: made, broken on purpose, and known for the verdict that each must get."""
