"""Training, part by part."""
