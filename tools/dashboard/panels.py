"""What is on the dashboard, from the top: is it well, what flows, how long, how full, what goes wrong."""

from typing import Final

from event_processor.telemetry.call_telemetry import CALLS
from event_processor.telemetry.metrics import NAMESPACE, HistogramSpec
from event_processor.telemetry.publish_telemetry import PUBLISHED, REFUSED, WAVES
from event_processor.telemetry.reject_telemetry import REJECTS
from event_processor.telemetry.submission_telemetry import (
    AGE,
    BYTES,
    BYTES_LIMIT,
    DELETED,
    HALTED,
    IN_PROCESS,
    LANES,
    LOST,
    NOT_DELETED,
    OLDEST,
    OLDEST_LIMIT,
    PACED,
    QUEUE,
    RECEIVED,
    RELEASED,
    SUBMISSIONS_LIMIT,
    VALID,
    VIOLATIONS,
)
from event_processor.telemetry.untold_telemetry import LINES_DROPPED, UNTOLD
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.job_panels import CPU, MEMORY, OfJob
from tools.dashboard.queries import largest, mean, quantile, rate, replicas, share, total

AGE_OBJECTIVE_SECONDS: Final = 60  # deploy/prometheus/alerts.yml has the same
REJECT_SHARE_LIMIT: Final = 0.05  # the same
of: Final = OfJob(NAMESPACE)

_QUANTILES: Final = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))


def _quantiles(spec: HistogramSpec) -> tuple[Query, ...]:
    return tuple(Query(quantile(share_below, spec), legend) for share_below, legend in _QUANTILES)


_WELL: Final = Row(
    "Health",
    Panel("Replicas", "Replicas reached by Prometheus", Query(replicas(RECEIVED)), kind="stat"),
    Panel("Order violations", VIOLATIONS.help, Query(largest(VIOLATIONS)), kind="stat", line=1),
    Panel("Age p99", AGE.help, Query(quantile(0.99, AGE)), unit="s", kind="stat", line=AGE_OBJECTIVE_SECONDS),
    Panel("Oldest in hand", OLDEST.help, Query(largest(OLDEST)), unit="s", kind="stat"),
    Panel(
        "Waiting on the queue",
        QUEUE.help,
        Query(largest(QUEUE, state="visible")),
        kind="stat",
    ),
    Panel(
        "Share rejected",
        "Of the events received; a rejected submission counts as one",
        Query(share(REJECTS, VALID)),
        unit="percentunit",
        kind="stat",
        line=REJECT_SHARE_LIMIT,
    ),
)
_FLOW: Final = Row(
    "Flow",
    Panel(
        "Submissions per second",
        "Messages received, deleted, and given back unfinished",
        Query(rate(RECEIVED), "received"),
        Query(rate(DELETED), "done and deleted"),
        Query(rate(RELEASED, "reason"), "given back: {{reason}}"),
    ),
    Panel(
        "Events per second",
        "Found valid, and acknowledged by Kinesis",
        Query(rate(VALID), "valid"),
        Query(rate(PUBLISHED, "event_type"), "published: {{event_type}}"),
    ),
    Panel("Rejects per second", REJECTS.help, Query(rate(REJECTS, "reason"), "{{reason}}")),
    Panel(
        "Events published per second, by replica",
        "SQS shares out the work; a replica that falls behind has a problem",
        Query(rate(PUBLISHED, "instance"), "{{instance}}"),
    ),
)
_TIME: Final = Row(
    "How long it takes",
    Panel("Age", f"{AGE.help}; the line is the objective", *_quantiles(AGE), unit="s", line=AGE_OBJECTIVE_SECONDS),
    Panel("Time in hand", IN_PROCESS.help, *_quantiles(IN_PROCESS), unit="s"),
    Panel(
        "Oldest in hand, by replica",
        OLDEST.help,
        Query(largest(OLDEST, "instance"), "{{instance}}"),
        Query(largest(OLDEST_LIMIT), "limit"),
        unit="s",
    ),
    Panel("Queue", QUEUE.help, Query(largest(QUEUE, "state"), "{{state}}")),
)
_LOAD: Final = Row(
    "How full it is",
    Panel(
        "Submissions in flight",
        LANES.help,
        Query(total(LANES, "instance"), "{{instance}}"),
        Query(total(PACED, "instance"), "{{instance}}, waiting for their shard"),
        Query(largest(SUBMISSIONS_LIMIT), "limit"),
    ),
    Panel(
        "Bytes in flight",
        BYTES.help,
        Query(total(BYTES, "instance"), "{{instance}}"),
        Query(largest(BYTES_LIMIT), "limit"),
        unit="bytes",
    ),
    Panel(
        "Wave size",
        f"{WAVES.help}; 500 at most",
        Query(mean(WAVES), "mean"),
        Query(quantile(0.95, WAVES), "p95"),
    ),
    CPU,
    MEMORY,
)
_TROUBLE: Final = Row(
    "What goes wrong",
    Panel("Records refused per second", REFUSED.help, Query(rate(REFUSED, "error_code"), "{{error_code}}")),
    of.given_up(),
    of.retries(),
    Panel("Reject limit reached, by replica", HALTED.help, Query(largest(HALTED, "instance"), "{{instance}}")),
    Panel(
        "Done twice per second",
        "Each is received and published again; readers drop the repeats",
        Query(rate(LOST), "hold lost"),
        Query(rate(NOT_DELETED), "not deleted"),
    ),
    Panel(
        "Not reported, per second",
        "The work is done; its log line, metric or span is missing",
        Query(rate(LINES_DROPPED), "log lines dropped"),
        Query(rate(UNTOLD, "fact"), "failed: {{fact}}"),
    ),
)
_CALLS: Final = Row(
    "Calls to AWS",
    Panel(
        "Call time p99",
        f"{CALLS.help}; an idle receive takes its whole WAIT_TIME",
        Query(quantile(0.99, CALLS, "operation"), "{{operation}}"),
        unit="s",
    ),
    of.calls(),
)

ROWS: Final = (_WELL, _FLOW, _TIME, _LOAD, _TROUBLE, _CALLS)
