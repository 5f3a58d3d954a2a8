"""What is on the dashboard, from the top: is it well, what flows, how long, how full, what goes wrong."""

from typing import Final

from event_processor.telemetry import metrics as m
from tools.dashboard.grafana import Panel, Query, Row
from tools.dashboard.queries import (
    PROCESS_CPU,
    PROCESS_MEMORY,
    largest,
    mean,
    observed,
    quantile,
    rate,
    replicas,
    share,
    total,
)

AGE_OBJECTIVE_SECONDS: Final = 60  # deploy/prometheus/alerts.yml has the same
REJECT_SHARE_LIMIT: Final = 0.05  # the same

_QUANTILES: Final = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))


def _quantiles(spec: m.HistogramSpec) -> tuple[Query, ...]:
    return tuple(Query(quantile(share_below, spec), legend) for share_below, legend in _QUANTILES)


_WELL: Final = Row(
    "Is it well?",
    Panel("Replicas", "That Prometheus reaches", Query(replicas(m.RECEIVED)), kind="stat"),
    Panel("Order violations", m.VIOLATIONS.help, Query(largest(m.VIOLATIONS)), kind="stat", line=1),
    Panel("Age p99", m.AGE.help, Query(quantile(0.99, m.AGE)), unit="s", kind="stat", line=AGE_OBJECTIVE_SECONDS),
    Panel("Oldest in hand", m.OLDEST.help, Query(largest(m.OLDEST)), unit="s", kind="stat"),
    Panel(
        "Waiting on the queue",
        m.QUEUE.help,
        Query(largest(m.QUEUE, state="visible")),
        kind="stat",
    ),
    Panel(
        "Share rejected",
        "Of the events received; a rejected submission counts as one",
        Query(share(m.REJECTS, m.VALID)),
        unit="percentunit",
        kind="stat",
        line=REJECT_SHARE_LIMIT,
    ),
)
_FLOW: Final = Row(
    "Flow",
    Panel(
        "Submissions per second",
        "Received, and what became of them",
        Query(rate(m.RECEIVED), "received"),
        Query(rate(m.DELETED), "done and deleted"),
        Query(rate(m.RELEASED, "reason"), "given back: {{reason}}"),
    ),
    Panel(
        "Events per second",
        "Found sound, and acknowledged by Kinesis",
        Query(rate(m.VALID), "valid"),
        Query(rate(m.PUBLISHED, "event_type"), "published: {{event_type}}"),
    ),
    Panel("Rejects per second", m.REJECTS.help, Query(rate(m.REJECTS, "reason"), "{{reason}}")),
    Panel(
        "Events published per second, by replica",
        "SQS shares the work out; one that falls behind is in trouble",
        Query(rate(m.PUBLISHED, "instance"), "{{instance}}"),
    ),
)
_TIME: Final = Row(
    "How long it takes",
    Panel("Age", f"{m.AGE.help}; the line is the objective", *_quantiles(m.AGE), unit="s", line=AGE_OBJECTIVE_SECONDS),
    Panel("Time in hand", m.IN_PROCESS.help, *_quantiles(m.IN_PROCESS), unit="s"),
    Panel(
        "Oldest in hand, by replica",
        m.OLDEST.help,
        Query(largest(m.OLDEST, "instance"), "{{instance}}"),
        Query(largest(m.OLDEST_LIMIT), "limit"),
        unit="s",
    ),
    Panel("Queue", m.QUEUE.help, Query(largest(m.QUEUE, "state"), "{{state}}")),
)
_LOAD: Final = Row(
    "How full it is",
    Panel(
        "Submissions in flight",
        m.LANES.help,
        Query(total(m.LANES, "instance"), "{{instance}}"),
        Query(total(m.PACED, "instance"), "{{instance}}, waiting for their shard"),
        Query(largest(m.SUBMISSIONS_LIMIT), "limit"),
    ),
    Panel(
        "Bytes in flight",
        m.BYTES.help,
        Query(total(m.BYTES, "instance"), "{{instance}}"),
        Query(largest(m.BYTES_LIMIT), "limit"),
        unit="bytes",
    ),
    Panel(
        "Wave size",
        f"{m.WAVES.help}; 500 at most",
        Query(mean(m.WAVES), "mean"),
        Query(quantile(0.95, m.WAVES), "p95"),
    ),
    Panel(
        "CPU",
        "1 is one core, which is all that a process can use",
        Query(rate(PROCESS_CPU, "instance"), "{{instance}}"),
    ),
    Panel("Memory", "Resident", Query(total(PROCESS_MEMORY, "instance"), "{{instance}}"), unit="bytes"),
)
_TROUBLE: Final = Row(
    "What goes wrong",
    Panel("Records refused per second", m.REFUSED.help, Query(rate(m.REFUSED, "error_code"), "{{error_code}}")),
    Panel(
        "Calls given up per second",
        m.FAILED.help,
        Query(rate(m.FAILED, "step", "error_code"), "{{step}}: {{error_code}}"),
    ),
    Panel(
        "Retries per second",
        m.RETRIED.help,
        Query(rate(m.RETRIED, "operation", "error_code"), "{{operation}}: {{error_code}}"),
    ),
    Panel("Reject limit reached, by replica", m.HALTED.help, Query(largest(m.HALTED, "instance"), "{{instance}}")),
    Panel(
        "Done twice, per second",
        "Each comes again, and readers drop the repeats",
        Query(rate(m.LOST), "hold lost"),
        Query(rate(m.NOT_DELETED), "not deleted"),
    ),
    Panel(
        "Not told, per second",
        "The work is done; its log line, metric or span is missing",
        Query(rate(m.LINES_DROPPED), "log lines dropped"),
        Query(rate(m.UNTOLD, "fact"), "failed: {{fact}}"),
    ),
)
_CALLS: Final = Row(
    "Calls to AWS",
    Panel(
        "Call time p99",
        f"{m.CALLS.help}; an idle receive takes its whole WAIT_TIME",
        Query(quantile(0.99, m.CALLS, "operation"), "{{operation}}"),
        unit="s",
    ),
    Panel("Calls per second", m.CALLS.help, Query(observed(m.CALLS, "operation"), "{{operation}}")),
)

ROWS: Final = (_WELL, _FLOW, _TIME, _LOAD, _TROUBLE, _CALLS)
