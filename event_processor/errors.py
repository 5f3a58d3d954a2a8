"""Everything that may be raised on purpose.

    EventProcessorError
    ├── SettingsError       what the operator typed cannot work: exit 2
    ├── NotReady            queue or stream cannot be used as they are: exit 1
    │   ├── StreamReplaced  the checkpoints are of an earlier stream of the name
    │   └── Superseded      another delivery has begun on the same lake
    ├── NotAnSqsEvent       the Lambda function was called with something else: the invocation fails
    ├── NotAKinesisEvent    so was the one on a stream
    ├── InvalidContract     a document cannot be a contract: exit 1
    ├── StoreInUse          somebody else works with the rejects, so a replay could not keep the order: exit 1
    ├── Conflict            the registry of contracts holds other than expected, so nothing was changed: exit 1
    ├── FixFailed           the filter of a replay did not do its job, so nothing was sent: exit 1
    ├── NoEvidence          Prometheus does not say how a canary is doing: exit 3
    └── CallFailed          a call to a service did not succeed, its retries included: the caller keeps what it has
        ├── RecordsRefused  the stream took nothing of a call for what is in it
        ├── IteratorExpired a position in a shard is to be asked for again
        ├── ReadThrottled   a shard gives no more at the moment
        ├── ShardGone       the stream does not have this shard any more
        └── NotSent         a channel did not accept a message to people

Bad input is not here: it is a value, `Reject`. The demo adds an error of its own, `ProcessFailed`: exit 1.
"""

from event_processor.text import code_word, masked, one_line


class EventProcessorError(Exception):
    """The base of them all; its text is one line made for the operator, passwords in URLs masked."""

    def __init__(self, text: str) -> None:
        super().__init__(masked(text))


class SettingsError(EventProcessorError):
    """A setting is wrong: names the variable, what it was and what is allowed."""


class NotReady(EventProcessorError):
    """The queue or the stream is there but cannot be worked with."""


class StreamReplaced(NotReady):
    """The stream was deleted and recreated: the checkpoints are of the earlier one."""


class Superseded(NotReady):
    """Another delivery has begun to write a stream into the same lake: this one writes nothing more."""


class NotAnSqsEvent(EventProcessorError):
    """The Lambda function was called with something else: says with what."""


class InvalidContract(EventProcessorError):
    """A document cannot be a contract: all that is wrong with it."""


class NotAKinesisEvent(EventProcessorError):
    """The Lambda function on a stream was called with something else: says with what."""


class StoreInUse(EventProcessorError):
    """Another replay, or somebody who looks at the queue of rejects, has what this replay would need."""


class FixFailed(EventProcessorError):
    """The program of `rejects replay --fix` ended badly, or wrote other than one line of JSON for each it read."""


class Conflict(EventProcessorError):
    """Somebody else was faster, or a version already exists: says what the registry of contracts has."""


class NoEvidence(EventProcessorError):
    """Prometheus cannot be reached, or its answers are none: nothing is known of a canary."""


class CallFailed(EventProcessorError):
    """A call did not succeed. It may have taken effect all the same, unless the service said no or was not reached.

    `code` and `detail` may be what a server said: they are kept as one line of a bounded length, fit to be shown.
    """

    def __init__(self, operation: str, code: str, detail: str, may_be_done: bool = True) -> None:
        self.operation = operation
        self.code = code_word(code)
        self.detail = one_line(masked(detail))
        self.may_be_done = may_be_done
        super().__init__(f"{operation}: {self.code}: {self.detail}")


class RecordsRefused(CallFailed):
    """The stream took nothing of a call because of a record in it, and does not say which."""


class ContractsUnread(CallFailed):
    """Contracts were not read since something came that newer ones may accept: its verdict is not final."""


class IteratorExpired(CallFailed):
    """An iterator was not used for five minutes (API reference, GetRecords): another has to be asked for."""


class ReadThrottled(CallFailed):
    """A shard has given all that it gives in a second, or five (API reference, GetRecords)."""


class ShardGone(CallFailed):
    """The stream does not have the shard any more: it was closed, and all its records are past the retention."""


class NotSent(CallFailed):
    """A channel did not accept a message to people.

    `is_final`: for what is in it, or since the channel is gone; asking again would not help. `pause_seconds` is how
    long it asks to be left alone.
    """

    def __init__(
        self, channel: str, code: str, detail: str, *, is_final: bool = False, pause_seconds: float = 0.0
    ) -> None:
        super().__init__(channel, code, detail)
        self.is_final = is_final
        self.pause_seconds = pause_seconds
