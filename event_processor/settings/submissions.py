"""The settings of `run`. The table in docs/settings.md is made from this page."""

from pydantic import Field

from event_processor.settings.shared import AwsSettings, PublishingSettings, WorkerRejectSettings, WorkerSettings


class _RunSettings(WorkerSettings, PublishingSettings):
    batch_size: int = Field(10, ge=1, le=10, description="Messages asked for in one receive")
    visibility_timeout: int = Field(
        60,
        ge=2,
        le=43200,
        description="Seconds a received message stays hidden from others; extended for as long as it is held",
    )
    wait_time: int = Field(20, ge=0, le=20, description="Seconds a receive waits for messages (long polling)")
    receivers: int = Field(4, ge=1, le=64, description="Receives in progress at the same time")
    reject_limit_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Stop receiving when this share of the last 1,000 submissions had rejects; 0: never. "
        "Unset: 0.5, or never with REJECTS=log",
    )
    reject_limit_consecutive: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="The same for this many submissions with rejects in a row. Unset: 500, or never with REJECTS=log",
    )
    unfinished_limit: float = Field(
        600.0, ge=1, le=43200, description="Seconds a submission may be in hand before /livez fails"
    )


class SubmissionsSettings(AwsSettings, WorkerRejectSettings, _RunSettings):
    """Each field is the environment variable of the same name in capitals."""

    @property
    def reject_limits(self) -> tuple[float, int]:
        """The two limits in force; 0 is none. With originals kept, stopping is cheap, and going on is not."""
        share, consecutive = (0.0, 0) if self.rejects == "log" else (0.5, 500)
        return (
            share if self.reject_limit_share is None else self.reject_limit_share,
            consecutive if self.reject_limit_consecutive is None else self.reject_limit_consecutive,
        )
