"""What a service knows about its caller, besides the parameters."""

from typing import NamedTuple


class Caller(NamedTuple):
    """``endpoint`` is how the client reached us, ``trace_header`` its X-Amzn-Trace-Id, empty without one."""

    endpoint: str = ""
    trace_header: str = ""
