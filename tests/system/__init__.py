"""Real processes: what an operator sees."""
