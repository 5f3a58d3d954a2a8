"""Mutation: the code is broken on purpose, in one small way at a time, and some test has to notice."""
