"""The ways to people: each takes a message of `notices` and sends it, or says why not."""
