"""The lake, part by part."""
