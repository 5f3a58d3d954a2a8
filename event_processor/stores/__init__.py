"""Where rejects are kept and read back: the log, a file, a queue."""
