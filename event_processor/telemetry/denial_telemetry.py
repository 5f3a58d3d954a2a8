"""Log lines and metrics of requests that were denied."""

from typing import Final

import structlog

from event_processor.clock import Clock
from event_processor.telemetry.metrics import CounterSpec, GaugeSpec, Metrics
from event_processor.text import one_line

_EVERY_SECONDS: Final = 60.0
_ADDRESS_CHARACTERS: Final = 100  # a proxy may pass on anything

DENIED: Final = CounterSpec(
    "requests_denied_total",
    "Requests answered 401, 403, or 429 for the rate of their key; `key` is its name, empty if it is not known",
    ("key", "status"),
)
CERTIFICATE: Final = GaugeSpec(
    "certificate_expires_seconds", "When the certificate expires, in seconds since 1970; 0 without TLS"
)


class DenialTelemetry:
    """The part of GatewayObserver that is about keys."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._log, self._clock = structlog.get_logger("event_processor"), clock
        self._denied, self._certificate = metrics.counter(DENIED), metrics.gauge(CERTIFICATE)
        self._said: dict[tuple[str, int], tuple[float, int]] = {}  # when, and how many since; as many as keys
        self._denied.labels("", 401)

    def denied(self, key: str, status: int, client: str) -> None:
        """A line a minute for each key and status, with the latest client: whoever hammers does not fill the log."""
        self._denied.labels(key, status).inc()
        now = self._clock.monotonic()
        said_at, times = self._said.get((key, status), (float("-inf"), 0))
        if now - said_at < _EVERY_SECONDS:
            self._said[key, status] = said_at, times + 1
            return
        self._said[key, status] = now, 0
        client = one_line(client, _ADDRESS_CHARACTERS)
        self._log.warning("request denied", key=key, status=status, client=client, times=times + 1)

    def keys_live(self, names: int) -> None:
        """Other keys count from now on."""
        self._log.info("keys", keys=names)

    def certificate_live(self, expires: float) -> None:
        """Another certificate is shown from now on."""
        self._certificate.set(expires)
        self._log.info("certificate", expires=expires)
