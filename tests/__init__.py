"""The tests: what is where is in CONTRIBUTING.md."""
