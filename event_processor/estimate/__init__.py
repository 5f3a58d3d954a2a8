"""What to provision for a load, and what it costs: pure calculation from measured capacity (docs/sizing.md)."""
