"""Generators: the dashboard, tables in documents, plots, screenshots. Not part of the wheel."""
