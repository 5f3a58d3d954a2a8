"""Records of the stream to metrics, or to rejects. Pure."""

from typing import Final

from event_processor.consuming.records import StreamRecord
from event_processor.contracts.judge import Refused
from event_processor.metrics.metric import Metric, MetricFault, read_metric
from event_processor.verdict import Fault, Reason, Sender, Stage

CONTRACT: Final = "quality-metrics"
_EARLY_SECONDS: Final = 300.0  # by which the clock of who measures may be ahead of the stream's


def metric_of(record: StreamRecord) -> Metric | Refused:
    """The metric that a record is, or why it is none.

    A bucket of the future would make all before it too late to be judged, so it is none.
    """
    found = read_metric(record.data)
    if isinstance(found, MetricFault):
        return _refused(Reason.INVALID, "", found.detail)
    if found.bucket_start > record.arrived.timestamp() + _EARLY_SECONDS:
        return _refused(Reason.OUT_OF_RANGE, "/bucket_start", "begins after the record arrived")
    return found


def _refused(reason: Reason, pointer: str, detail: str) -> Refused:
    return Refused(Stage.CONTRACT, (Fault(reason, pointer, detail),), CONTRACT, None, Sender())
