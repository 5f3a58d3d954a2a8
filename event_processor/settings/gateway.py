"""The settings of `gateway`. The table in docs/settings.md is made from this page."""

from pydantic import Field

from event_processor.settings.shared import (
    AwsSettings,
    ContractSettings,
    StreamsSettings,
    WorkerRejectSettings,
    WorkerSettings,
)
from event_processor.settings.values import MIB, ORIGINS, Networks


class _GatewaySettings(WorkerSettings, WorkerRejectSettings, StreamsSettings, ContractSettings):
    gateway_port: int = Field(8080, ge=0, le=65535, description="Port that takes records; 0 takes a free one")
    gateway_host: str = Field(
        "127.0.0.1", description="Address that GATEWAY_PORT listens on; without GATEWAY_KEYS a loopback address only"
    )
    gateway_keys: str | None = Field(
        None,
        description="The keys and what each may send: a file, read again when it changes, or its content as JSON",
    )
    gateway_tls_cert: str | None = Field(
        None, description="File of the certificate and its chain, PEM; read again when it changes. Unset: no TLS"
    )
    gateway_tls_key: str | None = Field(None, description="File of its private key, PEM, not encrypted")
    gateway_origins: str | None = Field(
        None, pattern=ORIGINS, description="Origins whose pages may send records (CORS); unset: none"
    )
    gateway_proxies: Networks = Field(
        None, description="Proxies whose X-Forwarded-For is trusted; client addresses appear in log lines only"
    )
    gateway_deadline: float = Field(
        10.0, ge=0.1, le=300, description="Seconds after which an unfinished request is answered 503"
    )
    gateway_linger_ms: float = Field(
        2.0, ge=0, le=1000, description="Milliseconds that a record waits to be sent together with others"
    )
    max_in_flight: int = Field(10_000, ge=500, le=1_000_000, description="The most records in hand at the same time")
    max_in_flight_bytes: int = Field(
        64 * MIB, ge=32 * MIB, le=16384 * MIB, description="The most bytes of bodies and records in hand"
    )
    metrics_port: int = Field(
        8001, ge=0, le=65535, description="Port of /metrics, /livez, /readyz and the status page; 0 takes a free one"
    )
    shutdown_grace: float = Field(28.0, ge=1, le=3600, description="Seconds after SIGTERM for requests to be answered")
    gateway_drain: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Seconds after SIGTERM in which requests are still taken while /readyz fails, so that load "
        "balancers turn away; below SHUTDOWN_GRACE",
    )


class GatewaySettings(AwsSettings, _GatewaySettings):
    """Each field is the environment variable of the same name in capitals."""
