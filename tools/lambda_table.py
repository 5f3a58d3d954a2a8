"""The table of docs/lambda.md: loads as Lambda carries them, beside the container."""

from event_processor.commands.estimate import measured
from event_processor.estimate.estimate import Estimate, dollars
from event_processor.estimate.invocations import invocations_for
from event_processor.estimate.load import Load
from tools.sizing_tables import EXAMPLES, table

LOADS = {"a little": Load(10), **{name: EXAMPLES[name] for name in ("small", "medium", "large")}}


def as_markdown() -> str:
    """Rows of Lambda, then of the container."""
    columns = []
    for load in LOADS.values():
        lambdas, container = invocations_for(load, measured()), Estimate.of(load, measured())
        columns.append(
            [
                f"{load.events_per_second:,.0f} events/s",
                f"{lambdas.batch:,.0f}",
                f"{lambdas.per_second:,.1f}",
                f"{lambdas.seconds * 1000:,.0f} ms",
                f"{lambdas.instances:,.2f}",
                f"{lambdas.concurrency}",
                f"{dollars(lambdas.dollars_per_million_events)}",
                f"{container.capacity.replicas}",
                f"{dollars(container.costs.compute)}",
            ]
        )
    names = [
        "",
        "messages in a batch",
        "invocations/s",
        "an invocation takes",
        "instances at work",
        "`MaximumConcurrency`",
        "**Lambda, a million events**",
        "replicas of the container",
        "**container, a million events**",
    ]
    return table(["", *LOADS], [[name, *row] for name, *row in zip(names, *columns, strict=True)])
