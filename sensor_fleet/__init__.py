"""The load and the audit: sends submissions, records what each must become, and checks the stream against that.

Shares no code with the processor.
"""
