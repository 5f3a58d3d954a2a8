"""What hostile bodies cost."""
