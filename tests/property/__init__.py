"""Promises, held against whatever Hypothesis can think of."""
