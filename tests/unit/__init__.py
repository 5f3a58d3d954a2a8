"""One module at a time, in memory."""
