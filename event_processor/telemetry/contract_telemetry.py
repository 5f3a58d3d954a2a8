"""Log lines and metrics of the contracts that records are judged by, for every job that has some."""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from event_processor.clock import Clock
from event_processor.contracts.contract_set import ContractSet
from event_processor.telemetry.metrics import GaugeSpec, Metrics

EPOCH: Final = GaugeSpec("contracts_epoch", "The registry's epoch, which changes whenever the live contracts change")
CONTRACTS: Final = GaugeSpec("contracts_live", "Subjects that have a contract")
CONTRACTS_AGE: Final = GaugeSpec(
    "contracts_age_seconds", "Seconds since the registry was last read successfully; rejects wait while it grows"
)


class ContractTelemetry:
    """The part of each job's observer that is about contracts."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._log = structlog.get_logger("event_processor")
        self._metrics, self._clock = metrics, clock

    def contracts_live(self, epoch: int, changed: Sequence[str]) -> None:
        """Other contracts count from now on."""
        self._metrics.gauge(EPOCH).set(epoch)
        self._log.info("contracts", epoch=epoch, changed=list(changed))

    def watch(self, current: Callable[[], ContractSet]) -> None:
        """`current` is asked at each scrape, how many subjects have a contract and how old that knowledge is."""

        def age_seconds() -> float:
            return max(0.0, (self._clock.now() - current().read_at).total_seconds())

        self._metrics.gauge(CONTRACTS).set_function(lambda: len(current().contracts))
        self._metrics.gauge(CONTRACTS_AGE).set_function(age_seconds)
