"""SQS to Kinesis: every event its own record, strictly in order within its submission, at batch speed, nothing lost.

Read `submissions/processor.py` first: it is the whole flow on one page. The rooms are described in CONTRIBUTING.md.
"""

__version__ = "1.0.0"
