"""The ways a submission can be wrong: in a field of an event, around its events, or in the body as a whole."""
