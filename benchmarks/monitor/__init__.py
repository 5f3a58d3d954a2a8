"""How many metrics a core judges."""
