"""Several parts together, in this process."""
