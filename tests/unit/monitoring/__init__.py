"""The inspector, step by step."""
