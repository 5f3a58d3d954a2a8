"""The ways a submission can be wrong, by kind: in a field, in the envelope, in the body."""
