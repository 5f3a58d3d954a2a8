"""What to provision, and what it costs."""
