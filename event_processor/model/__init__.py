"""What comes in and what goes out, as values. No I/O."""
