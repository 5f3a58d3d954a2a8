"""The load and the witness: sends submissions, remembers what must come of them, audits the stream.

Shares no code with the processor.
"""
