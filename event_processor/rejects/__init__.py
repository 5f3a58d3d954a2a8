"""Where rejects go: the log, a file, a queue."""
