"""What is not valid: the record of it, the port of its store, selection."""
