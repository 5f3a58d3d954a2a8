"""The gate between a canary and a release."""
