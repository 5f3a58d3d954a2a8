"""The witness of the lake: compares raw, typed files, rejects and tables with what was sent."""
