"""Doors as others write them, to stand beside ours."""
