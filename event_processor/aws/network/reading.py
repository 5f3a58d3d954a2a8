"""Keeps a connection out of the pool until its answer is understood, as JSON and field by field."""

import threading
from types import TracebackType
from typing import Self

from botocore.exceptions import ClientError

from event_processor.aws.network.reply import Reply


class _InHand(threading.local):
    replies: list[Reply] | None = None


_in_hand = _InHand()


class Reading:
    """For a `with` around a call and the reading of its answer: ends with the connection released, or closed.

    Closed whatever was raised, except for an error of AWS's own (ClientError), which is an answer like any other.
    """

    __slots__ = ("_outer",)

    def __enter__(self) -> Self:
        self._outer, _in_hand.replies = _in_hand.replies, []
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        replies, _in_hand.replies = _in_hand.replies, self._outer
        for reply in replies or ():
            if kind is None or issubclass(kind, ClientError):
                reply.release()
            else:
                reply.drop()


def keep_back(reply: Reply) -> None:
    """Until the `with` of this thread ends; where there is none, nobody will read closer."""
    if _in_hand.replies is None:
        reply.release()
    else:
        _in_hand.replies.append(reply)
