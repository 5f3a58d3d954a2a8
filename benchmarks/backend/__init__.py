"""A back end fast enough never to be the bottleneck: SQS and Kinesis in one small C program, and its driver."""

from benchmarks.backend.process import Backend
from benchmarks.backend.values import Conditions, Counts, Load, Supply, Verdict

__all__ = ["Backend", "Conditions", "Counts", "Load", "Supply", "Verdict"]
